"""Decides by whole listings: whether a tree contains itself, and whether the pages of a listing are all of it."""
