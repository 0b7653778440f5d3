"""Credentials from files and servers: .netrc and cookies."""
