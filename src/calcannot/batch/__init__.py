"""Many images: one row each, and one that fails, fails alone."""
