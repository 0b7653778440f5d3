"""The version of the program, shown by ``--version``, the User-Agent and reports; the same as in pyproject.toml."""

__version__ = "0.1.0"
