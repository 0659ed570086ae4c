"""Arrays of devices with an equation: pulses, spread, faults, waiting."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import spikestack as sp
from spikestack.crossbars import drive
from spikestack.crossbars.cells.dynamic import DynamicCells
from spikestack.devices.dynamic import DynamicDevice
from spikestack.errors import (
    MemoryLimitError,
    NumericalError,
    UnitError,
    UnknownNameError,
    ValidationError,
)

DEVICES = {
    name: kind for name, kind in sp.devices.all_devices().items() if issubclass(kind, DynamicDevice)
}


@pytest.mark.parametrize("name", sorted(DEVICES))
def test_pulses_move_to_either_side(name: str) -> None:
    """The declared pulses raise and lower conductance; charge and energy are counted."""
    device = DEVICES[name]()
    cells = DynamicCells(device, (2, 3))
    cells.set(np.sqrt(device.g_min * device.g_max) if name != "DataDriven2021" else 4e-4)
    before = cells.conductance()
    cells.pulse(device.set_voltage, count=3)
    raised = cells.conductance()
    assert np.all(raised > before) and cells.energy > 0 and np.all(cells.pulses == 3)
    if device.reset_voltage:
        cells.pulse(device.reset_voltage, count=3)
        assert np.all(cells.conductance() < raised)
    else:
        cells.wait(0.01)
        assert np.all(cells.conductance() < raised)
    for _ in range(200):
        cells.pulse(device.set_voltage)
    assert np.all(cells.conductance() <= cells.g_max * (1 + 1e-12))


@pytest.mark.parametrize("name", ["VTEAM", "Yakopcic", "TEAM", "DataDriven2018", "SecondOrder"])
def test_a_pulse_is_the_equation(name: str) -> None:
    """State and energy are those of a drive at the same constant voltage, in fine steps."""
    device = DEVICES[name]()
    cells = DynamicCells(device, (1, 1), tolerance=1e-9)
    cells.pulse(device.set_voltage)
    width = device.pulse_width
    fine = drive(device, np.full(20_001, device.set_voltage), width / 20_000, method="adaptive",
                 tolerance=1e-9)  # fmt: skip
    low, high = device.limits()[device.memory]
    found = cells.states[device.memory][0, 0]
    assert abs(found - fine[device.memory][-1]) < 1e-6 * (high - low)
    assert cells.energy == pytest.approx(fine.energy, rel=1e-3)


def test_counts_and_places() -> None:
    """n pulses at once are n pulses one by one; `where`, voltages and widths may differ by cell."""
    device = sp.devices.Yakopcic()
    one, many = DynamicCells(device, (3, 4)), DynamicCells(device, (3, 4))
    for _ in range(4):
        one.pulse(0.5, "0.02 s")
    many.pulse(0.5, 0.02, count=np.full((3, 4), 4))
    assert np.array_equal(one.conductance(), many.conductance())
    assert one.energy == pytest.approx(many.energy, rel=1e-12)
    start = many.conductance()
    chosen = np.zeros((3, 4), dtype=bool)
    chosen[1, 2] = True
    many.pulse(np.full((3, 4), -1.25), where=chosen)
    assert np.array_equal(many.conductance() != start, chosen)
    assert many.pulses[1, 2] == 5 and many.pulses[0, 0] == 4
    wide = DynamicCells(device, (1, 3))
    wide.pulse(0.5, np.array([0.01, 0.02, 0.04]))
    assert np.all(np.diff(wide.conductance()[0]) > 0)


def test_closed_form_and_steps_agree() -> None:
    """Also on the energy, where relaxation takes but a small part of the pulse."""
    device = sp.devices.DataDriven2018()
    exact = DynamicCells(device, (1, 1))
    exact.pulse(-1.2, 1e-3)
    fine = drive(device, np.full(200_001, -1.2), 5e-9, method="adaptive", tolerance=1e-8)
    assert exact.conductance()[0, 0] == pytest.approx(fine.conductance[-1], rel=1e-6)
    assert exact.energy == pytest.approx(fine.energy, rel=0.01)


@pytest.mark.parametrize("name", sorted(DEVICES))
def test_set(name: str) -> None:
    cells = DynamicCells(DEVICES[name](), (5, 5), spread={"r_off": 0.1} if name == "TEAM" else None)
    share = np.linspace(0, 1, 25).reshape(5, 5)
    goal = cells.g_min + share * (cells.g_max - cells.g_min)
    cells.set(goal)
    assert np.allclose(cells.conductance(), goal, rtol=1e-10)
    assert np.array_equal(cells.read(), cells.conductance())
    with pytest.raises(sp.errors.ValidationError, match="the window of"):
        cells.set(1e9)
    assert np.allclose(cells.conductance(), goal, rtol=1e-10)


def test_spread_and_faults() -> None:
    device = sp.devices.VTEAM()
    cells = DynamicCells(device, (100, 80), spread={"r_on": 0.1, "v_on": 0.05}, stuck_low=0.1,
                         stuck_high=0.02, seed=4)  # fmt: skip
    r_on = 1 / cells.g_max
    assert r_on.mean() == pytest.approx(50, rel=0.005)
    assert r_on.std() / 50 == pytest.approx(0.1, rel=0.04)
    assert abs(np.log(r_on).mean() - np.log(50) + 0.005) < 0.005
    assert cells.stuck.mean() == pytest.approx(0.12, abs=0.012)
    before = cells.conductance()
    at_low = cells.stuck & np.isclose(before, cells.g_min)
    at_high = cells.stuck & np.isclose(before, cells.g_max)
    assert at_low.sum() + at_high.sum() == cells.stuck.sum()
    assert at_low.mean() == pytest.approx(0.1, abs=0.012)
    cells.pulse(-0.3)
    moved = cells.conductance() != before
    assert np.array_equal(moved, ~cells.stuck)
    # The first cells do not depend on how many follow.
    fewer = DynamicCells(device, (50, 80), spread={"r_on": 0.1}, seed=4)
    assert np.array_equal(fewer.g_max, cells.g_max[:50])
    tile = DynamicCells(device, (7, 30), spread={"r_on": 0.1}, seed=4, origin=(20, 40))
    assert np.array_equal(tile.g_max, cells.g_max[20:27, 40:70])
    other = DynamicCells(device, (50, 80), spread={"r_on": 0.1}, seed=4, name="b")
    assert not np.array_equal(other.g_max, fewer.g_max)


def test_noise_of_pulses() -> None:
    """The same pulses draw the same noise, however they are sent; other cells draw other noise."""
    device = sp.devices.StanfordPKU.preset("noisy")

    def array(*counts: int) -> np.ndarray:
        cells = DynamicCells(device, (1, 6), seed=2)
        for count in counts:
            cells.pulse(-1.3, count=count)
        return cells.conductance()

    together = array(5)
    assert np.array_equal(together, array(2, 3))
    assert len(np.unique(together)) == 6


def test_waiting() -> None:
    """A volatile device fades; one with memory does not; heat of the second order is gone."""
    volatile = sp.devices.Volatile()
    cells = DynamicCells(volatile, (2, 2), stuck_high=0.3, seed=1)
    cells.set(5e-5)
    start = cells.conductance()
    cells.wait("10 ms")
    expected = 1e-6 + (start - 1e-6) / np.e
    assert np.allclose(cells.conductance(), np.where(cells.stuck, start, expected), rtol=1e-12)
    assert cells.age == 0.01
    kept = DynamicCells(sp.devices.VTEAM(), (2, 2))
    before = kept.conductance()
    kept.wait(1e9)
    assert np.array_equal(kept.conductance(), before)
    with pytest.raises(NumericalError, match="too many steps"):
        # Without its closed form this fades far faster than it is asked to wait.
        texts = {"solution": {}, "method": "rk4", "bounds": {"c": ("0", "g_top")}}
        stiff = type("Stiff", (sp.devices.Volatile,), texts)
        DynamicCells(stiff(c=5e-5), (1, 1)).wait(1e9)


def test_timing_without_overlap() -> None:
    """The sooner a pulse follows another, the more it does to a second-order device."""
    device = sp.devices.SecondOrder()
    gains = []
    for pause in (50e-9, 500e-9, 5e-6):
        cells = DynamicCells(device, (1, 1))
        cells.pulse(1.0)
        between = cells.conductance()
        cells.wait(pause)
        cells.pulse(1.0)
        gains.append(float((cells.conductance() - between)[0, 0]))
    assert gains[0] > 1.5 * gains[2] and gains[0] > gains[1] > gains[2]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"voltage": np.nan}, ValidationError),
        ({"voltage": "3 s"}, UnitError),
        ({"voltage": np.zeros(7)}, ValidationError),
        ({"voltage": 1.0, "width": -1.0}, ValidationError),
        ({"voltage": 1.0, "count": 1.5}, ValidationError),
        ({"voltage": 1.0, "count": -1}, ValidationError),
        ({"voltage": 1.0, "where": np.ones((2, 2))}, ValidationError),
        ({"voltage": 1.0, "where": np.ones((3, 2), dtype=bool)}, ValidationError),
    ],
)
def test_bad_pulses_change_nothing(arguments: dict[str, Any], error: type[Exception]) -> None:
    cells = DynamicCells(sp.devices.VTEAM(), (2, 2))
    before = cells.conductance()
    with pytest.raises(error):
        cells.pulse(**arguments)
    assert np.array_equal(cells.conductance(), before) and cells.pulses.sum() == 0


def test_bad_arrays() -> None:
    device = sp.devices.VTEAM()
    for more in ({"stuck_low": -0.1}, {"stuck_low": 0.7, "stuck_high": 0.7}, {"spread": {"p": -9}}):
        with pytest.raises(ValidationError):
            DynamicCells(device, (2, 2), **more)
    with pytest.raises(UnknownNameError):
        DynamicCells(device, (2, 2), spread={"r": 0.1})
    for shape in ((0, 3), (3,), (2, 2, 2)):
        with pytest.raises(ValidationError, match="cells, shape"):
            DynamicCells(device, shape)
    with pytest.raises(MemoryLimitError):
        DynamicCells(device, (10**6, 10**6))
    with pytest.raises(ValidationError, match="below"):
        DynamicCells(sp.devices.VTEAM(w_off=0.1e-9, w_on=0.09e-9), (50, 50), spread={"w_off": 0.5})
    with pytest.raises(ValidationError):
        DynamicCells(device, (2, 2)).wait(-1.0)
    with pytest.raises(ValidationError):
        DynamicCells(device, (2, 2)).set(np.array([1e-3, np.inf]))
