"""Keys of packets: a part for the population, one for the core, one for the neuron."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import ValidationError

__all__ = ["BITS", "Block", "allocate"]

#: Of a key.
BITS = 32
_ALL = 2**BITS - 1


@dataclass(frozen=True)
class Block:
    """The keys of one core's neurons: neuron i has ``key + i``; bits of `mask` are the same in all.

    Attributes
    ----------
    key
        Of its first neuron.
    mask
        1 where all keys agree.
    """

    key: int
    mask: int


def allocate(slices: Sequence[Sequence[int]]) -> list[list[Block]]:
    """Give every core of every population its keys.

    Zones have the same bits for all populations where 32 bits do, so that one mask covers a
    population; otherwise each population has as many as it needs.

    Parameters
    ----------
    slices
        By population, how many neurons each of its cores holds.

    Raises
    ------
    ValidationError
        If 32 bits do not do.
    """
    atoms = [_bits(max(sizes, default=1)) for sizes in slices]
    needed = [a + _bits(len(sizes)) for a, sizes in zip(atoms, slices, strict=True)]
    same = max(needed, default=0)
    if _bits(len(slices)) + same <= BITS:
        atom = max(atoms, default=0)
        if _bits(len(slices)) + atom + max(_bits(len(s)) for s in slices) <= BITS:
            atoms = [atom] * len(slices)
            same = atom + max(_bits(len(s)) for s in slices)
        starts = [k << same for k in range(len(slices))]
    else:
        starts, at = [0] * len(slices), 0
        for k in sorted(range(len(slices)), key=lambda k: -needed[k]):
            starts[k], at = at, at + (1 << needed[k])
        if at > _ALL + 1:
            raise ValidationError("SpiNNaker, keys", f"{at:,} are needed", f"{_ALL + 1:,} at most",
                                  "use fewer or larger populations")  # fmt: skip
    return [
        [
            Block(starts[k] + (c << atoms[k]), _ALL & ~((1 << atoms[k]) - 1))
            for c in range(len(sizes))
        ]
        for k, sizes in enumerate(slices)
    ]


def _bits(count: int) -> int:
    """Bits that tell `count` things apart."""
    return max(0, int(count) - 1).bit_length()
