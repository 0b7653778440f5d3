"""The mirrors of a --config file: their runs, and the page about all of them."""
