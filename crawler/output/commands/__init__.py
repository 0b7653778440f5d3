"""The commands of --on-change, --on-failure and --on-end: how they run, and when a failure is worth telling again."""
