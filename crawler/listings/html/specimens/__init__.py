"""Long pages, of which only one row of each shape is parsed."""
