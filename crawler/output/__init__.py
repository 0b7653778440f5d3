"""What people and programs read: log, summary, history, metrics."""
