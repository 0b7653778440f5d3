"""Values, errors, interfaces and options that all other packages use."""
