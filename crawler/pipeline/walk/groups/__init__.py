"""Reads the listings of several directories of one host together."""
