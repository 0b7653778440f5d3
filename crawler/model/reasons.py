"""What a destination says of one path, where a run does something about it."""

FOLDER_IN_THE_WAY = "a folder of that name is in the way"
"""Why ``Destination.commit`` did not store a file: then a run that deletes may remove the folder and try again."""
NOT_EMPTY = "the folder is not empty"
"""Why ``Destination.delete`` did not remove a folder: it holds something that is not the mirror's."""
NAVIGATION = frozenset(
    ("sort", "parent", "self", "page", "breadcrumb", "above", "query", "fragment", "navigation", "duplicate", "deep")
)
"""Rejections that every listing has; they are shown on request only."""
