"""The program's own objects in a store, below ``.crawler/``: the lock, and a copy of the state."""
