"""What the program keeps in a store for itself, below ``.crawler/``: the lock, and a copy of the state."""
