"""What is done against spread, drift, noise and faults of devices.

``Crossbar(..., compensation=("remapping", "column drift"))`` names what an array does by itself
when it is programmed and when time passes. The other ways are functions: `calibrate_outputs`,
`read_often`, and `train_perceptron` with noise or with the faulty arrays in its loop.
"""

from __future__ import annotations
