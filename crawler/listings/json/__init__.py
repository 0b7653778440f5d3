"""JSON listings, each format with its names of fields and of file types."""
