"""Tests for every executable row of ``docs/reliability.md``."""
