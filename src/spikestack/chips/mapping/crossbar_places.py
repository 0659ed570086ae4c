"""Places of crossbar cores, whose packets go along the row, then the column, and no other way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...errors import ValidationError
from ..fabric.routers import WAYS, Fabric, fabric_of
from .cores import free_places, routers_of
from .mesh import Mesh
from .placing import place

if TYPE_CHECKING:
    from ..chip import Chip

__all__ = ["crossbar_places"]


def crossbar_places(traffic: np.ndarray, chip: Chip, seed: int) -> np.ndarray:
    """A place for each core, on as few chips as hold them all (int64).

    A packet says by how many columns and rows it has to go, and cannot go round a dead link. Where
    one would, all cores are placed again, outside the rows of dead links along rows and the columns
    of those along columns: no packet between others comes there.

    Parameters
    ----------
    traffic
        Packets from core to core, (cores, cores).
    chip
        Where to; what is dead among its `faults` is left out.
    seed
        Of placement.

    Raises
    ------
    ValidationError
        If packets cannot but meet a dead link.
    """
    fabric, free = fabric_of(chip), free_places(chip)
    at = _placed(traffic, chip, free, seed)
    if not _meets(traffic, at, chip, fabric):
        return at
    of = routers_of(chip, fabric, free)
    router, way = np.divmod(fabric.dead, len(WAYS))
    rows, columns = (np.unique(x) for x in (
        router[way < 2] // fabric.mesh.width, router[way >= 2] % fabric.mesh.width
    ))  # fmt: skip
    outside = ~np.isin(of // fabric.mesh.width, rows) & ~np.isin(of % fabric.mesh.width, columns)
    if outside.sum() < len(traffic):
        raise ValidationError(
            f"{chip.name}, faults", f"{len(traffic):,} cores whose packets meet a dead link",
            f"{int(outside.sum()):,} cores away from it at most: packets go along the row, then "
            "along the column, and not round anything", "use more chips, or a smaller network",
        )  # fmt: skip
    return _placed(traffic, chip, free[outside], seed)


def _placed(traffic: np.ndarray, chip: Chip, free: np.ndarray, seed: int) -> np.ndarray:
    # Chips lie below each other, so that their meshes are one; no more are used than needed.
    chips = int(free[len(traffic) - 1]) // int(chip.cores) + 1
    mesh = Mesh(chip.mesh.width, chip.mesh.height * chips)
    here = free[free < chips * int(chip.cores)]
    return np.asarray(place(traffic, mesh, here, seed=seed, tile=chip.tile).places)


def _meets(traffic: np.ndarray, at: np.ndarray, chip: Chip, fabric: Fabric) -> bool:
    """Whether any packet would come over a dead link."""
    if not len(fabric.dead):
        return False
    routers = routers_of(chip, fabric, at)
    a, b = np.nonzero(traffic)
    sound = Fabric(fabric.mesh, fabric.chip, fabric.columns)
    return bool(np.isin(sound.paths(routers[a], routers[b]).links, fabric.dead).any())
