"""Responses, and requests that share a connection."""
