"""Names that servers give files in headers."""
