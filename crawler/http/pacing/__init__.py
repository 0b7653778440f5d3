"""How many requests are in flight at once, how many bytes per second, and when a host is given up."""
