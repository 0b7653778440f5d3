"""Files that another process receives."""
