"""Credentials from files and servers: .netrc, cookies, and how user and password are sent."""
