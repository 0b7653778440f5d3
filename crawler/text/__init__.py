"""Conversions between text and values: URLs, header fields, digests, host names."""
