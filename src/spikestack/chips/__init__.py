"""Neuromorphic chips: their arithmetic, their limits, their prices."""
