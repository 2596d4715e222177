"""Keep what a person decided, and write what was computed: annotations, tables, masks, run records."""
