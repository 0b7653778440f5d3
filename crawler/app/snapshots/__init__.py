"""Snapshots: published at the end of a run, listed, verified, and made current again."""
