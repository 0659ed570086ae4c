"""Stepping the equations of devices: their code, its compiled form, drives by waveforms."""
