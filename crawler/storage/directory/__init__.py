"""What a saved file goes into."""
