"""The words of the command line: which options there are, and two readers of them."""
