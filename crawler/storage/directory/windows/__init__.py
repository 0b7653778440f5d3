"""DIR with names that FAT, NTFS and CIFS can hold (``--names windows``)."""
