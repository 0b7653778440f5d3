"""Tells names of files from words, versions and hosts."""

from __future__ import annotations

import re

_FILE_NAME = re.compile(
    r".\.(?!(?:s?html?|php\d?|aspx?|jsp|cgi|do)$)(?=[A-Za-z0-9]*[A-Za-z])(?![0-689]\d*[a-z]$)[A-Za-z0-9]{1,7}"
    r"(?:\.(?:gz|xz|bz2|zst|asc|sig|md5|sha\d+))?$",
    re.IGNORECASE,
)
"""A name with an extension, which contains a letter: ``3.6.4`` and ``name-1.00`` are versions."""
_HOST_NAME = re.compile(
    r"(?:[a-z0-9-]+\.)+(?:com|org|net|edu|gov|info|biz|io|eu|uk|de|fr|nl|it|es|ch|at|us|ca|ru|jp|cn|br|pl|se|no|fi|dk"
    r"|dev|cloud|xyz|online|site|local|lan|internal|arpa|test|example|invalid)$",
    re.IGNORECASE,
)


def is_filelike(name: str) -> bool:
    """True for a name with a file extension other than a web page's."""
    return bool(_FILE_NAME.search(name[-40:])) and not _HOST_NAME.match(name)
