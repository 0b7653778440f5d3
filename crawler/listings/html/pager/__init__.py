"""Finds the pages that continue a listing."""
