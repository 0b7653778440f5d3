"""From a body to a named file: committer, deletion."""
