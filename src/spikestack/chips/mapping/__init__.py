"""From neurons to cores: partition, placement, routes."""
