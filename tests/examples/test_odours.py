"""The olfactory bulb of `examples/odours.py`: one sniff is enough, and the next takes nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples"))

import odours as example
import odours_bulb


@pytest.fixture
def bulb() -> Any:
    """The example as a module."""
    return example


def odours(bulb: Any, n: int) -> np.ndarray:
    """Phases of n odours that have nothing in common but by chance."""
    rng = np.random.default_rng(5)
    ranks = np.stack([rng.permutation(bulb.SENSORS) for _ in range(n)])
    firing = bulb.SENSORS - bulb.SILENT
    return np.where(ranks < firing, ranks * bulb.PHASES // firing, -1)


def likeness(bulb: Any, cells: Any, odour: np.ndarray, noise: float) -> np.ndarray:
    """Mean Jaccard index with the odour in each cycle, over 20 noisy sniffs."""
    rng = np.random.default_rng(9)
    sniffs = bulb.impulse_noise(np.tile(odour, (20, 1)), noise, rng)
    return bulb.jaccard(bulb.recall(3, cells, sniffs).phases, odour).mean(axis=0)


def test_noise_goes_in_a_few_cycles(bulb: Any) -> None:
    """With granule cells that have learned; without any, a sniff stays what it is."""
    (odour,) = odours(bulb, 1)
    cells = bulb.teach(3, bulb.no_cells(), odour)
    alike = likeness(bulb, cells, odour, 0.4)
    assert alike[0] < 0.6 and alike[1] > alike[0] + 0.2 and (alike[2:] > 0.97).all()
    bare = likeness(bulb, bulb.no_cells(), odour, 0.4)
    assert (bare == alike[0]).all()


def test_a_second_odour_takes_nothing_from_the_first(bulb: Any) -> None:
    """Cells and synapses stay; both are recalled, and a strange one is neither."""
    first, second, strange = odours(bulb, 3)
    alone = bulb.teach(3, bulb.no_cells(), first)
    both = bulb.teach(3, alone, second)
    for name in ("inputs", "holds", "releases"):
        old = getattr(alone, name)
        assert np.array_equal(getattr(both, name)[:, : old.shape[1]], old)
    before, after = (likeness(bulb, cells, first, 0.5)[-1] for cells in (alone, both))
    assert after > before - 0.02 and likeness(bulb, both, second, 0.5)[-1] > 0.9
    last = bulb.recall(3, both, strange[None]).phases[0, -1]
    assert max(bulb.jaccard(last, first), bulb.jaccard(last, second)) < 0.3


def test_what_a_cell_learns(bulb: Any) -> None:
    """At least six inputs at once, and for each mitral cell that fires one end of inhibition."""
    (odour,) = odours(bulb, 1)
    cells = bulb.teach(3, bulb.no_cells(), odour)
    mitral, granule, late = cells.inputs
    assert cells.count > 60 and np.bincount(granule).min() >= odours_bulb.NEW
    arrival = odour[mitral] + late
    for cell in range(cells.count):
        assert len(set(arrival[granule == cell])) == 1
    ends = cells.releases[:2]
    assert np.unique(ends, axis=1).shape == ends.shape
    assert np.array_equal(np.unique(ends, axis=1), cells.holds[:, odour[cells.holds[1]] >= 0])


def test_both_engines_learn_and_recall_the_same(bulb: Any) -> None:
    (odour,) = odours(bulb, 1)
    sniff = bulb.impulse_noise(odour[None], 0.3, np.random.default_rng(1))
    told = []
    for on in ("cpu", "reference"):
        cells = bulb.teach(3, bulb.no_cells(), odour, young=150, on=on)
        told.append((cells, bulb.recall(3, cells, sniff, on=on).phases))
    (a, recalled), (b, again) = told
    assert a.count == b.count > 0 and np.array_equal(recalled, again)
    for name in ("inputs", "holds", "releases"):
        assert np.array_equal(getattr(a, name), getattr(b, name))
