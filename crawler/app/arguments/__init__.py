"""Arguments of ``mirror`` and ``download`` other than options: checked before a run begins."""
