"""What a response means and proves, and the conditions of a request."""
