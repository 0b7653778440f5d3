"""Code that runs on the workers of ``--cluster``, and opens a run that uses them."""
