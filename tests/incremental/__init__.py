"""What a second run asks for, does and says; and the other ways to look at a mirror."""

import pytest

pytest.register_assert_rewrite("tests.faulty.sandbox")
