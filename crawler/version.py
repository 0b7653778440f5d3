"""The version of the program, as ``--version``, User-Agent and reports give it; pyproject.toml has the same."""

__version__ = "0.1.0"
