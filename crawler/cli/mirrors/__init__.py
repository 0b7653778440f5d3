"""Runs the mirrors of a --config file, and writes the status page about all of them."""
