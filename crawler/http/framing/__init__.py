"""Where a response ends on its connection (RFC 9112 section 6)."""
