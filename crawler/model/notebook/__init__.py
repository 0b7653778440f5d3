"""Values as HTML tables, as notebooks show them."""
