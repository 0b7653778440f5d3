"""The client's side of ``--cluster``: sends batches of jobs (shards) to workers in other processes."""
