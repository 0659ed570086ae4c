"""What there is to see of a run on a chip: its cores, its links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..fabric.routers import WAYS, Fabric, fabric_of
from ..mapping.cores import routers_of
from ..routing.machine import LINKS
from ..routing.mapping import RoutedNetwork

if TYPE_CHECKING:
    from ..running import ChipRun

__all__ = ["COLOURINGS", "CoreFacts", "core_facts", "link_loads"]

#: Pairs of routers whose ways are looked at together.
_TOGETHER = 100_000

#: By what cores are coloured, and what it means.
COLOURINGS = {
    "occupancy": "share of the scarcest thing a core has",
    "load": "synaptic events and updates of driven neurons",
    "energy": "dynamic energy in J",
}


@dataclass(frozen=True)
class CoreFacts:
    """The cores in use.

    Attributes
    ----------
    chip
        Which chip each is on (int64).
    x, y
        Where on it, in routers (float64): cores that share one stand side by side.
    occupancy, load, energy
        As in `COLOURINGS` (float64); energy is NaN where no price is known.
    """

    chip: np.ndarray
    x: np.ndarray
    y: np.ndarray
    occupancy: np.ndarray
    load: np.ndarray
    energy: np.ndarray


def core_facts(run: ChipRun) -> CoreFacts:
    """Where the cores are, and what they did."""
    chip, counts = run.mapped.chip, run.ledger.counts
    places = np.array([core.place for core in run.mapped.cores], np.int64)
    of, local = np.divmod(places, int(chip.cores))
    router, seat = np.divmod(local, chip.tile)
    side = int(np.ceil(np.sqrt(chip.tile)))
    load = np.zeros(len(places))
    for name in counts:
        if name.endswith(" events") or name == "driven updates":
            load = load + counts[name]
    prices = chip.table()
    priced = any(price.value is not None for price in prices.energy.values())
    energy = prices.by_core(run.ledger) if priced else np.full(len(places), np.nan)
    limits = {v.counts: float(v.most) for v in chip.limits if v.per == "core" and v.most.value}
    occupancy = np.array(
        [max((u / limits[n] for n, u in core.used.items() if n in limits), default=0.0)
         for core in run.mapped.cores]
    )  # fmt: skip
    x, y = (
        router % chip.mesh.width + seat % side / side,
        router // chip.mesh.width + (seat // side) / side,
    )
    return CoreFacts(of, x.astype(float), y.astype(float), occupancy, load, energy)


def link_loads(run: ChipRun) -> np.ndarray:
    """Packets over each link of each chip, int64[rows, 6]: chip, from (x, y), to (x, y), packets.

    Packets go the ways on which they are counted, round what is dead. A link to another chip ends
    beyond the edge of its own. Packets of the host are left out.
    """
    mapped, packets = run.mapped, run.ledger.packets
    if isinstance(mapped, RoutedNetwork):
        return _tree_loads(mapped, run.ledger.counts["spikes"])
    fabric = fabric_of(mapped.chip)
    places = np.array([core.place for core in mapped.cores], np.int64)
    routers = routers_of(mapped.chip, fabric, places)
    inside = packets[packets[:, 0] >= 0]
    return loads_of(fabric, routers[inside[:, 0]], routers[inside[:, 1]], inside[:, 2])


def loads_of(fabric: Fabric, a: np.ndarray, b: np.ndarray, many: np.ndarray) -> np.ndarray:
    """Packets over each link, of so many from router to router; see `link_loads`."""
    loads = np.zeros(fabric.mesh.size * len(WAYS), np.int64)
    for begin in range(0, len(a), _TOGETHER):
        part = slice(begin, begin + _TOGETHER)
        paths = fabric.paths(a[part], b[part])
        np.add.at(loads, paths.links, np.repeat(many[part], np.diff(paths.starts)))
    used = np.flatnonzero(loads)
    router, way = np.divmod(used, len(WAYS))
    chip, x, y = fabric.local(router)
    away, to_x, to_y = fabric.local(fabric.ends(used))
    step = np.array(WAYS)[way]
    to_x = np.where(away == chip, to_x, x + step[:, 0])
    to_y = np.where(away == chip, to_y, y + step[:, 1])
    return np.stack([chip, x, y, to_x, to_y, loads[used]], axis=1).astype(np.int64)


def _tree_loads(mapped: RoutedNetwork, spikes: np.ndarray) -> np.ndarray:
    """The same of chips with a router each, all of whose links lead to others."""
    loads = mapped.link_loads(spikes[None])
    rows = [(chip, 0, 0, *LINKS[way], int(n[0])) for (chip, way), n in loads.items() if n[0]]
    return np.array(sorted(rows), np.int64).reshape(-1, 6)
