"""A sandbox for DIR and a scripted server: what a second run asks for, says and leaves alone."""

from tests.support.misbehaving.fixtures import mount, sandbox, site

__all__ = ["mount", "sandbox", "site"]
