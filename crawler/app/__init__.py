"""The entry points, and the composition root that builds the objects of a run."""
