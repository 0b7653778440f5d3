"""The client's side of ``--cluster``: shards of jobs go to workers on other processors or machines."""
