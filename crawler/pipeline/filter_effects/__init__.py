"""Reports filters that decided nothing or refused everything in a run, which is probably a mistake."""
