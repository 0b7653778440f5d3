"""A local directory as destination."""
