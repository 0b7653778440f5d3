"""What a second run requests, does and reports; and other modes on an existing mirror."""
