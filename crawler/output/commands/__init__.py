"""The commands of --on-change, --on-failure and --on-end: runs them, and decides when to repeat a failure notice."""
