"""The demonstration: digits before an event camera, and a spiking network that learns to read them.

``camera`` looks at scanned digits, ``network`` describes the network, ``learning`` trains it and
runs what it has become, ``figures`` and ``report`` say what came out; ``digits`` runs it all. The
package ``reservoir`` is a second demonstration, without gradients.
"""

from __future__ import annotations

from .digits import main

__all__ = ["main"]
