"""From core to core: which links a packet takes, and round which it must go."""
