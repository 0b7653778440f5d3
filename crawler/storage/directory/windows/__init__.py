"""The destination for names that FAT, NTFS and CIFS can hold (``--names windows``)."""
