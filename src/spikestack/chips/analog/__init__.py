"""Analog circuits: mismatch, noise, read-out, and calibration against them."""
