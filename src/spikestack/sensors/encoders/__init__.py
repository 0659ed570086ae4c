"""Encoders: from signals to spikes, and back; one file each."""
