"""Reasons that code compares, and not only shows."""

FOLDER_IN_THE_WAY = "a folder of that name is in the way"
"""Returned by ``Destination.commit`` for a file whose name is taken by a directory; a run with --delete may then remove
the directory and retry."""
NOT_EMPTY = "the folder is not empty"
"""Returned by ``Destination.delete`` for a directory that contains something outside the mirror."""
NAVIGATION = frozenset(
    ("sort", "parent", "self", "page", "breadcrumb", "above", "query", "fragment", "navigation", "duplicate", "deep")
)
"""Reasons of rejections that every listing has; shown on request only."""
