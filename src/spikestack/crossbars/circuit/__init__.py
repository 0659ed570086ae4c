"""Wires of a crossbar: node voltages, effective matrices, sneak paths, selection schemes."""
