"""A sandbox for DIR and a scripted server: what a second run asks for, says and leaves alone."""

from tests.support.misbehaving.fixtures import sandbox, site

__all__ = ["sandbox", "site"]
