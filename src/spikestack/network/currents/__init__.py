"""Currents given by equations: one declarative file each."""
