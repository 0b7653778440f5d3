"""The page of --status: a card for each mirror of a configuration file. Only ``page`` needs the optional libraries."""
