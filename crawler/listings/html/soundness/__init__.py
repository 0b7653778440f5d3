"""What a page says outside its rows: whether it is complete, and what it mentions without a link."""
