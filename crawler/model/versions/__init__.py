"""What identifies a version of a file, and what is remembered of a saved one."""
