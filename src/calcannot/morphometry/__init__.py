"""Count pixels: runs, regions, and the lengths and areas of regions."""
