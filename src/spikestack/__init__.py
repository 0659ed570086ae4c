"""Spikestack: describe a spiking neural network once, run it everywhere."""
