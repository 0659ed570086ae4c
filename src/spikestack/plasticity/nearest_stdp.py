"""Pair-based STDP of nearest neighbours."""

from __future__ import annotations

from .additive_stdp import AdditiveSTDP

__all__ = ["NearestSTDP"]


class NearestSTDP(AdditiveSTDP):
    """Additive STDP in which each spike is paired with the last one of the other side only.

    The symmetric scheme: traces are set to 1 by a spike instead of being raised by 1.
    """

    pre_spike = "x = 1"
    post_spike = "y = 1"
    source = "Morrison, Diesmann and Gerstner 2008, Biol Cybern 98:459, figure 7A"
