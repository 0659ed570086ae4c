"""Training: the same description, learning by gradient."""
