"""A sandbox and a scripted server for tests of second runs: what they request, report and leave unchanged."""

from tests.support.misbehaving.fixtures import mount, sandbox, site

__all__ = ["mount", "sandbox", "site"]
