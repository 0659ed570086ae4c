"""Handwritten digits, read from the spikes of a recurrent reservoir.

``encode`` turns images into spike trains, ``network`` is the reservoir, ``readout`` the linear
classifier and its comparisons, ``figures`` and ``report`` what comes out; ``digits`` runs it all.
"""

from __future__ import annotations

from .digits import main

__all__ = ["main"]
