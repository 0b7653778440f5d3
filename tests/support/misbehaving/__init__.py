"""A web server that misbehaves on purpose, and a sandbox that detects every changed file.

``server``      the server: raw asyncio streams in a thread, one for each origin, with a request log
``behaviours``  faults as values: ``Cut(at=0.4, how="rst", times=1)``
``responses``   the responses of a correct server: validators, conditional requests, ranges
``pages``       listing pages in the shapes of nginx, Apache and Python
``sandbox``     DIR between canaries, and the program run as a subprocess
``tools``       the same options as command lines of crawler, wget, wget2, lftp and rclone
"""

import pytest

pytest.register_assert_rewrite("tests.support.misbehaving.sandbox")
