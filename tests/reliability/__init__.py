"""One test or more for every row of ``docs/reliability.md`` that can be executed."""
