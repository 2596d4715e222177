"""Leave for other tools: one module a format, from runs and columns to files."""
