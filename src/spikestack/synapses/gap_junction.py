"""Gap junction."""

from __future__ import annotations

from .base import Synapse

__all__ = ["GapJunction"]


class GapJunction(Synapse):
    """Electrical synapse: a current weight (v_other - v) into both neurons that it joins.

    The potentials are those at the end of the previous step, and the current is held over a step
    (an explicit scheme of first order; NEST iterates instead). The weight is a conductance in uS.
    """

    continuous = True
    weight_unit = "uS"
    positive = True
    default_weight = 0.001
    default_delay = 0.0
    source = "Bennett 1966, Ann NY Acad Sci 137:509; Hahne et al. 2015, Front Neuroinform 9:22"
