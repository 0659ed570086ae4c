"""Write and verify: pulses and residuals against theory, convergence, stuck cells, bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import spikestack as sp
from spikestack.crossbars import CrossbarArray, cells_of, write_verify
from spikestack.crossbars.cells import Cells
from spikestack.errors import ValidationError

#: Equal steps, no spread, no noise: 2 steps of a tolerance of half a step fit every target.
ALIKE = {"cycle_noise": 0.0, "step_spread": 0.0, "balance_spread": 0.0, "w_min_spread": 0.0,
         "w_max_spread": 0.0}  # fmt: skip


def equal_steps(shape: tuple[int, int], **options: Any) -> Cells:
    """Cells of steps of 0.01 of the window, from the middle on."""
    device = sp.devices.ConstantStep(step=0.02, **ALIKE)
    cells = cells_of(device, shape, **options)
    cells.set(0.5 * (device.g_min + device.g_max))
    return cells


def targets(cells: Cells, levels: int = 32, seed: int = 0) -> np.ndarray:
    """Levels drawn evenly over the window."""
    share = np.random.default_rng(seed).integers(0, levels, cells.shape) / (levels - 1)
    low, high = cells.device.g_min, cells.device.g_max
    return np.asarray(low + (high - low) * share)


@pytest.mark.parametrize("tolerance", [0.005, 0.02])
def test_equal_steps_against_theory(tolerance: float) -> None:
    """Each cell takes as many pulses as the way to its tolerance needs, to a pulse; no residual
    is beyond it."""
    cells = equal_steps((50, 40))
    span = cells.device.g_max - cells.device.g_min
    rng = np.random.default_rng(1)
    wanted = cells.device.g_min + span * rng.uniform(0.05, 0.95, cells.shape)
    way = np.abs(wanted - cells.conductance()) / span
    found = write_verify(cells, wanted, tolerance=tolerance)
    assert found.converged.all() and not found.stuck.any() and found.yield_of_healthy == 1.0
    theory = np.ceil(np.maximum(way - tolerance, 0) / 0.01 - 1e-9)
    np.testing.assert_array_equal(found.pulses, theory)
    share = found.residual / found.tolerance
    assert np.abs(share).max() <= 1 + 1e-9
    np.testing.assert_allclose(found.found, cells.conductance())


def test_residuals_are_even() -> None:
    """Residuals lie evenly over the tolerance where that is half a step."""
    cells = equal_steps((100, 100))
    low, high = cells.device.g_min, cells.device.g_max
    wanted = np.random.default_rng(3).uniform(low, high, cells.shape)
    found = write_verify(cells, wanted, tolerance=0.005)
    assert found.converged.all()
    share = np.sort((found.residual / found.tolerance).ravel())
    even = np.linspace(-1, 1, len(share))
    # Kolmogorov and Smirnov's distance, which even residuals exceed once in a thousand times.
    assert np.abs(share - even).max() / 2 < 1.95 / np.sqrt(share.size)


def test_behavioural_hafnium_oxide() -> None:
    """Five-bit levels within half a level: at least 99 of 100 cells, faults left out."""
    device = sp.devices.window("HfO2", behavioural=True)
    cells = cells_of(device, (64, 64), stuck_low=0.02, stuck_high=0.01, seed=1)
    found = write_verify(cells, targets(cells), tolerance=0.5 / 31)
    assert found.yield_of_healthy >= 0.99
    # Stuck cells are found, except where they happen to be near their targets.
    far = cells.stuck & (np.abs(cells.conductance() - found.target) > found.tolerance)
    assert np.array_equal(found.stuck, far) and 50 < far.sum() < 200
    assert found.energy > 0 and found.seconds > 0
    text = str(found.report())
    assert "converged" in text and f"{far.sum()} cells" in text
    assert len(found.plot().axes) == 2


def test_physical_hafnium_oxide() -> None:
    """Small pulses first: no healthy cell is taken for stuck, though a full pulse would take it
    across the window."""
    cells = cells_of(sp.devices.window("HfO2"), (24, 24), seed=1)
    found = write_verify(
        cells, targets(cells), tolerance=0.5 / 31, start=0.6, longest=40, most_pulses=200
    )
    assert not found.stuck.any() and found.yield_of_healthy >= 0.99


def test_relaxation_shows() -> None:
    """What is left after a time is what counts, and may be worse than what was verified."""
    device = sp.devices.PulsedPCM()
    cells = cells_of(device, (20, 20), seed=2)
    wanted = device.g_min + 0.3 * (device.g_max - device.g_min)
    at_once = write_verify(cells, wanted, tolerance=0.05)
    later = write_verify(cells, wanted, tolerance=0.05, relaxation=3600.0)
    assert at_once.relaxed is None and later.relaxed is not None
    assert np.array_equal(later.residual, later.relaxed - later.target)


def test_in_an_array() -> None:
    """A crossbar that is written by pulses holds its weights within the tolerance."""
    weights = np.random.default_rng(0).uniform(-1, 1, (20, 10))
    device = sp.devices.ConstantStep(step=0.02, **ALIKE)
    made = CrossbarArray(weights, sp.Crossbar(device, programming="write-verify", tolerance=0.01))
    assert np.abs(made.weights() - weights).max() < 0.0201 * np.abs(weights).max()
    assert all(tile.cells.pulses.sum() > 0 for tile in made.tiles)


@pytest.mark.parametrize("bad", [
    {"tolerance": 0}, {"tolerance": 1.0}, {"tolerance": "a"}, {"most_pulses": 0},
    {"most_pulses": 1.5}, {"target": np.nan}, {"target": 1.0}, {"target": -1e-6},
    {"target": np.zeros((3, 3))}, {"target": "much"}, {"start": 0}, {"start": 3.0},
    {"increment": -0.1}, {"longest": -1}, {"patience": 0}, {"relaxation": -1.0},
])  # fmt: skip
def test_refused(bad: dict[str, Any]) -> None:
    """Bad input is said before any pulse is sent."""
    cells = equal_steps((4, 4))
    options = {"target": 1e-5, **bad}
    with pytest.raises(ValidationError, match="write_verify"):
        write_verify(cells, options.pop("target"), **options)
    assert cells.pulses.sum() == 0


def test_statistics_take_no_pulses() -> None:
    """Devices that are known as programmed cells only say so."""
    with pytest.raises(ValidationError, match="PCM"):
        write_verify(cells_of(sp.devices.PCM(), (3, 3)), 1e-5)
