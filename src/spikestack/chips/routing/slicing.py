"""Populations cut into slices for cores, and cores put on chips, outwards from the first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import ValidationError

__all__ = ["Slices", "cut", "places_of"]


@dataclass(frozen=True)
class Slices:
    """Which neurons are together on a core.

    Attributes
    ----------
    names
        Of the population of each slice.
    ids
        Its neurons.
    of
        By population, the slice of each neuron.
    """

    names: tuple[str, ...]
    ids: tuple[np.ndarray, ...]
    of: Mapping[str, np.ndarray]

    @property
    def sizes(self) -> dict[str, list[int]]:
        """By population, how many neurons each of its slices has."""
        return {name: np.bincount(of - of.min()).tolist() for name, of in self.of.items()}


def cut(sizes: Mapping[str, int], most: Mapping[str, int]) -> Slices:
    """Cut populations into slices of `most` neurons, the last with the rest."""
    names: list[str] = []
    ids: list[np.ndarray] = []
    of: dict[str, np.ndarray] = {}
    for name, size in sizes.items():
        own = np.arange(size)
        of[name] = own // most[name] + len(names)
        for begin in range(0, size, most[name]):
            names.append(name)
            ids.append(own[begin : begin + most[name]])
    return Slices(tuple(names), tuple(ids), of)


def places_of(
    words: Sequence[float], room: float, cores: int, chips: int, dead: Callable[[int, int], bool],
    where: str,
) -> np.ndarray:  # fmt: skip
    """Put cores on chips one after the other, a new chip when one is full.

    Parameters
    ----------
    words
        What each core needs of the memory that a chip's cores share.
    room
        How much of it a chip has.
    cores
        Of a chip.
    chips
        How many there are.
    dead
        Whether a core of a chip does not work.
    where
        For messages.

    Returns
    -------
    numpy.ndarray
        ``chip * cores + core`` of each (int64).

    Raises
    ------
    ValidationError
        If they do not fit.
    """
    made, chip, core, left = [], 0, 0, float(room)
    for needed in words:
        if needed > room:
            raise ValidationError(where, f"a core with {needed:,.0f} words of synapses",
                                  f"{room:,.0f} on a chip",
                                  "use fewer neurons on a core, or fewer synapses")  # fmt: skip
        while core == cores or needed > left or dead(chip, core):
            if core < cores and needed <= left:
                core += 1
            else:
                chip, core, left = chip + 1, 0, float(room)
            if chip >= chips:
                raise ValidationError(
                    where, f"{len(words):,} slices do not fit {chips:,} chips of {cores} cores",
                    "more chips, or a smaller network", "pass chips=",
                )  # fmt: skip
        made.append(chip * cores + core)
        core, left = core + 1, left - needed
    return np.array(made, np.int64)
