"""Event sensors: what the world says, as events."""
