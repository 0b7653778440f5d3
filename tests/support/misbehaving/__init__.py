"""A web server that misbehaves on purpose, and a sandbox that notices every file that changed.

``server``      the server: raw asyncio streams in a thread, one per origin, with a request log
``behaviours``  what can go wrong, as values: ``Cut(at=0.4, how="rst", times=1)``
``answers``     what a good server answers: validators, conditional requests, ranges
``pages``       listing pages in the shapes of nginx, Apache and Python
``sandbox``     DIR between canaries, and the program run as a subprocess
``tools``       the same wishes as command lines of crawler, wget, wget2, lftp and rclone
"""

import pytest

pytest.register_assert_rewrite("tests.support.misbehaving.sandbox")
