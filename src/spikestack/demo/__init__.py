"""The demonstration: handwritten digits, read from the spikes of a recurrent reservoir.

``encode`` turns images into spike trains, ``reservoir`` is the network, ``readout`` the linear
classifier and its comparisons, ``report`` the figure and the page.
"""

from __future__ import annotations

from .digits import main

__all__ = ["main"]
