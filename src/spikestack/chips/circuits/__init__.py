"""Networks in the arithmetic of circuits that are no programs: one file for each."""
