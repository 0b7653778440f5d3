"""What runs on the workers of ``--cluster``, and the opening of a run that uses them."""
