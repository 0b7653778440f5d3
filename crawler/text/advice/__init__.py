"""Advice on what to do about a request that failed, and about a wrong URL or DIR."""
