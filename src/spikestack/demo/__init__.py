"""The demonstration: handwritten digits, read from the spikes of a recurrent reservoir.

``encode`` turns images into spike trains, ``reservoir`` is the network, ``readout`` the linear
classifier and its comparisons, ``figures`` and ``report`` what comes out; ``digits`` runs it all.
"""

from __future__ import annotations

from .digits import main

__all__ = ["main"]
