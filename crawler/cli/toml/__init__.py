"""The text of the file of --config: how it is read, and which of its lines a message is about."""
