"""Synapses: one declarative file each; a new file here is found by itself."""
