"""From a job to a complete body: transfer, ranges, HEAD, the guard against pages."""
