"""Crossbars of devices: cells, wires, converters, programming, and networks that run on them."""
