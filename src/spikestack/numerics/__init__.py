"""Numbers: elementary functions, counter-based randomness, enumeration of edges."""
