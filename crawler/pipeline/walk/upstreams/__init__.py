"""Walks a tree that several hosts have: reads each listing from the first host that sends all of it."""
