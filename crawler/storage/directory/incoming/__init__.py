"""Part files, and complete files that have no name yet."""
