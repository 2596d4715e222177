"""Show people what was counted."""
