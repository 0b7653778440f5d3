"""One test or more for every row of ``docs/reliability.md`` that can be executed."""

import pytest

pytest.register_assert_rewrite("tests.faulty.sandbox")
