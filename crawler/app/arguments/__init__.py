"""What programs pass to ``mirror`` and ``download`` besides options: checked before a run begins."""
