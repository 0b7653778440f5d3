"""What the filters of a run decided: one that decided nothing, or refused everything, is probably a mistake."""
