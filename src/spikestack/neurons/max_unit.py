"""Greatest of four sums."""

from __future__ import annotations

from .base import NeuronModel

__all__ = ["MaxUnit"]


class MaxUnit(NeuronModel):
    """Sends how far the greatest of four running sums has moved, so that what it has sent in all
    is at any time the greatest of what its sources have sent in all.

    Each source is connected to a place of its own: the main one, ``"b"``, ``"c"`` or ``"d"``. A
    place that is not used holds 0. Among rate-coded sources it passes on the spikes of the one that
    is ahead; where they fire at most once in a step, and only forwards, so does it.
    """

    equations = """
        v[t+1] = v : 1
        v_b[t+1] = v_b : 1
        v_c[t+1] = v_c : 1
        v_d[t+1] = v_d : 1
        sent[t+1] = sent : 1
        greatest = max(max(v, v_b), max(v_c, v_d)) : 1
    """
    threshold = "greatest > sent or greatest < sent"
    reset = "sent = greatest"
    emit = "greatest - sent"
    emit_type = "float"
    emit_limit = 256.0
    dimensionless = True
    compartments = {"b": ("v_b", "i_b"), "c": ("v_c", "i_c"), "d": ("v_d", "i_d")}  # noqa: RUF012
    default_synapse = "Delta"
    fires_at = None
    source = (
        "max pooling gated by spikes: Rueckauer et al. 2017, Front Neurosci 11:682, section 2.2.3"
    )
