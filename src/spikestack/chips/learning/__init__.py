"""Learning engines of chips."""
