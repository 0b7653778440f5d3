"""Connections that send requests one after the other and match the responses with them."""
