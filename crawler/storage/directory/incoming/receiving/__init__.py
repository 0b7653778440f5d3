"""Bodies of small files, received by the process that stores them."""
