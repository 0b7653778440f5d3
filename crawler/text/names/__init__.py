"""Names that servers give files in headers, and names that Windows can hold."""
