"""Paths in DIR that are never touched: the program's own files, other mirrors, mounts, links."""
