"""The disk, and object stores."""
