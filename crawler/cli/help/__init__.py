"""The texts of the help page, and the messages about options that do not exist."""
