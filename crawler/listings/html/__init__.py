"""HTML listings: the grammars of servers, families, and the reader of any other page."""
