"""What a JSON or XML listing states beside its rows: that more rows follow, how many there are, that it failed."""
