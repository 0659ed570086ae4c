"""What there is to see of a run on a chip: its cores, its links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...numerics.compiling import njit
from ..mapping.mesh import TRIANGULAR, Mesh

if TYPE_CHECKING:
    from ..running import ChipRun

__all__ = ["COLOURINGS", "CoreFacts", "core_facts", "link_loads"]

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

    Packets go along rows first, then along columns, where links are diagonal along these before;
    those to another chip are left out.
    """
    chip, packets = run.mapped.chip, run.ledger.packets
    places = np.array([core.place for core in run.mapped.cores], np.int64)
    inside = packets[packets[:, 0] >= 0]
    a, b = places[inside[:, 0]], places[inside[:, 1]]
    cores = int(chip.cores)
    same = a // cores == b // cores
    a, b, many = a[same], b[same], inside[same, 2]
    return loads_of(chip.mesh, a // cores, a % cores // chip.tile, b % cores // chip.tile, many)


def loads_of(
    mesh: Mesh, chip: np.ndarray, a: np.ndarray, b: np.ndarray, many: np.ndarray
) -> np.ndarray:
    """Packets over each link, by routers that they go from and to; see `link_loads`."""
    chips = int(chip.max(initial=-1)) + 1
    loads = np.zeros((chips, mesh.size, 9), np.int64)
    triangular = mesh.links == TRIANGULAR
    _walk(chip, a, b, many, mesh.width, mesh.height, mesh.wraps, triangular, loads)
    of, router, way = np.nonzero(loads)
    y, x = np.divmod(router, mesh.width)
    dx, dy = way % 3 - 1, way // 3 - 1
    to = ((x + dx) % mesh.width, (y + dy) % mesh.height)
    return np.stack([of, x, y, *to, loads[of, router, way]], axis=1).astype(np.int64)


@njit(cache=True, nogil=True)
def _walk(
    chip: np.ndarray,
    a: np.ndarray,
    b: np.ndarray,
    many: np.ndarray,
    width: int,
    height: int,
    wraps: bool,
    triangular: bool,
    loads: np.ndarray,
) -> None:
    for k in range(len(a)):
        x, y = a[k] % width, a[k] // width
        dx, dy = b[k] % width - x, b[k] // width - y
        if wraps:
            best_x, best_y, least = dx, dy, 1 << 60
            for ox in (dx % width, dx % width - width):
                for oy in (dy % height, dy % height - height):
                    if triangular and (ox > 0) == (oy > 0):
                        far = max(abs(ox), abs(oy))
                    else:
                        far = abs(ox) + abs(oy)
                    if far < least:
                        best_x, best_y, least = ox, oy, far
            dx, dy = best_x, best_y
        while dx != 0 or dy != 0:
            sx, sy = 0, 0
            if triangular and dx * dy > 0:
                sx, sy = (1 if dx > 0 else -1), (1 if dy > 0 else -1)
            elif dx != 0:
                sx = 1 if dx > 0 else -1
            else:
                sy = 1 if dy > 0 else -1
            loads[chip[k], y * width + x, (sy + 1) * 3 + sx + 1] += many[k]
            x, y = (x + sx) % width, (y + sy) % height
            dx, dy = dx - sx, dy - sy
