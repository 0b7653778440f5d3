"""The reader of any HTML page: rows, columns, cells, kinds, the verdict."""
