"""What is wrong with a run as far as that can be known before it begins."""
