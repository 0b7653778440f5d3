"""From entries to jobs: planner, checksum files."""
