"""Other processes: page parsers, and how processes are started and exchange messages."""
