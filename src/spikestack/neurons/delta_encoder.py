"""Delta encoder."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import NeuronModel

__all__ = ["DeltaEncoder"]


class DeltaEncoder(NeuronModel):
    """Turns a current into changes: sends how far it has moved once that is at least `theta`.

    The current counts in nA; the value of a spike is the change in nA. The sum of all values sent
    is never further than `theta` from the current.
    """

    equations = """
        x[t+1] = i_syn + i_offset : 1
        sent[t+1] = sent          : 1
    """
    threshold = "abs(x - sent) >= theta"
    reset = "sent = x"
    emit = "x - sent"
    emit_type = "float"
    emit_limit = 256.0
    dimensionless = True
    fires_at = 1.0
    source = "Yoon 2017, IEEE TNNLS 28:1192; send-on-delta, Miskowicz 2006, Sensors 6:49"

    theta = Parameter(0.1, "1", low=0, low_open=True, meaning="least change that is sent")
    i_offset = Parameter(0.0, "1", meaning="constant current")
