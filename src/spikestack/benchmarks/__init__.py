"""Networks from the literature that every simulator is measured on, and how to measure them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ..network import Network
from .brunel import brunel
from .cuba_stdp import cuba_stdp
from .hpc import hpc
from .measure import measure
from .potjans_diesmann import potjans_diesmann
from .vogels_abbott import coba, cuba

__all__ = ["NETWORKS", "brunel", "coba", "cuba", "cuba_stdp", "hpc", "measure", "potjans_diesmann"]

#: Name to a function of the seed; those that other simulators are told of, as their weights rest.
NETWORKS: dict[str, Callable[[int], Network]] = {
    "cuba": cuba,
    "coba": coba,
    "brunel": brunel,
    "microcircuit-10": partial(potjans_diesmann, scale=0.1),
    "microcircuit": partial(potjans_diesmann, scale=1.0),
}
