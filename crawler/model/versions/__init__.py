"""Values that identify a version of a file, and the record of a saved file."""
