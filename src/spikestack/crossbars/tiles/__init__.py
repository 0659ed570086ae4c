"""Matrices on crossbars: encoding, tiles, converters, noise; energy and area."""
