"""What the state keeps between runs, and the interface of the store."""
