"""Compiled arrays against their texts, evaluated in NumPy step by step with the same draws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import spikestack as sp
from spikestack.crossbars import cells_of
from spikestack.devices.pulsed import PulsedDevice
from spikestack.devices.statistical import StatisticalDevice
from spikestack.equations.evaluating import evaluate
from spikestack.numerics.random import bits64, normal, stream_key

SHAPE = (5, 70)
IDS = (np.arange(5, dtype=np.uint64)[:, None] << np.uint64(32)) + np.arange(70, dtype=np.uint64)


def chosen(base: type[Any]) -> list[Any]:
    """Every device of a kind, with every set."""
    return [
        kind.preset(name) if name else kind()
        for kind in sp.devices.all_devices().values()
        if issubclass(kind, base)
        for name in (None, *kind.parameter_sets)
    ]


def label(device: Any) -> str:
    """The name of a device in the list of tests."""
    return f"{device.label}-{len(device.given)}"


def wide(values: Any) -> dict[str, Any]:
    """Parameters in rows and columns."""
    return {n: v.reshape(SHAPE) if isinstance(v, np.ndarray) else v for n, v in values.items()}


@pytest.mark.parametrize("device", chosen(StatisticalDevice), ids=label)
def test_statistics_are_those_of_the_texts(device: Any) -> None:
    """Programming, exponent, drift and noise, with a parameter that differs from cell to cell."""
    cells: Any = cells_of(device, SHAPE, spread={"g_high": 0.05}, seed=5, name="n")
    values, texts = wide(cells.values), device.expressions
    target = np.random.default_rng(1).uniform(device.g_min, device.g_max, SHAPE)
    target = np.clip(target, cells.g_min, cells.g_max)
    cells.program(target)
    cells.wait(3e5)

    def drawn(purpose: str, event: int) -> Any:
        return normal(bits64(stream_key(5, "n", purpose), event), IDS)

    names = values | {"target": target, "t": 3e5}
    names["written"] = evaluate(texts["programmed"], names | {"xi": drawn("programming", 2)})
    if "exponent" in texts:
        names["nu"] = evaluate(texts["exponent"], names | {"xi": drawn("exponent", 2)})
    names["g"] = names["written"]
    if "drifted" in texts:
        names["g"] = evaluate(texts["drifted"], names | {"xi": drawn("relaxation", 2)})
    tolerance: dict[str, float] = {"rtol": 1e-9, "atol": 1e-12 * device.g_max}
    np.testing.assert_allclose(cells.conductance(), names["g"], **tolerance)
    sd = evaluate(texts["noise"], names) if "noise" in texts else np.zeros(SHAPE)
    np.testing.assert_allclose(cells.read_deviation(), sd, **tolerance)
    reading = np.maximum(names["g"] + sd * drawn("reading", 1), 0.0)
    np.testing.assert_allclose(cells.read(), reading, **tolerance)
    current = evaluate(texts["current"], names | {"v": 0.3})
    np.testing.assert_allclose(cells.current(-0.3), -np.asarray(current), **tolerance)


@pytest.mark.slow
@pytest.mark.parametrize("device", chosen(PulsedDevice), ids=label)
def test_pulses_are_those_of_the_texts(device: Any) -> None:
    """Six pulses up and down, some cells left out, with noise, writing and energy."""
    cells: Any = cells_of(device, SHAPE, seed=6, name="n")
    values, texts = wide(cells.values), device.expressions
    cells.set(0.5 * (device.g_min + device.g_max))
    bottom, top = (float(device.values[n]) for n in ("w_min", "w_max"))
    scale = (values["g_high"] - values["g_low"]) / (top - bottom)
    offset = values["g_low"] - scale * bottom
    low = np.maximum(values["w_min"], -offset / scale)
    high = np.broadcast_to(values["w_max"], SHAPE)
    w = np.broadcast_to((cells.conductance() - offset) / scale, SHAPE)
    found, energy, sent = w, 0.0, np.zeros(SHAPE, np.uint64)
    keys = bits64(stream_key(6, "n", "pulses"), IDS)
    writing = bits64(stream_key(6, "n", "written"), 0)
    rng = np.random.default_rng(2)
    for k in range(6):
        volts = device.set_voltage if k % 2 == 0 else device.reset_voltage
        where = rng.random(SHAPE) < (0.9 if k < 4 else 0.02)
        cells.pulse(volts, where=where)
        names = values | {"w": w, "v": abs(volts), "width": device.pulse_width}
        names["g"] = np.maximum(offset + scale * w, 0.0)
        used = abs(volts) * np.asarray(evaluate(texts["current"], names)) * device.pulse_width
        energy += float(np.sum(np.where(where, used, 0.0)))
        names["xi"] = normal(keys, sent)
        step = evaluate(texts["up" if volts * device.set_voltage > 0 else "down"], names)
        moved = w + step if volts * device.set_voltage > 0 else w - step
        w = np.where(where, np.clip(moved, low, high), w)
        sent = sent + where.astype(np.uint64)
        after = w
        if "written" in texts:
            names = values | {"w": w, "xi": normal(bits64(writing, IDS), sent)}
            after = evaluate(texts["written"], names)
        found = np.where(where, after, found)
    expected = np.maximum(offset + scale * found, 0.0)
    np.testing.assert_allclose(cells.conductance(), expected, rtol=1e-9, atol=1e-11 * device.g_max)
    assert cells.energy == pytest.approx(energy, rel=1e-9)
    np.testing.assert_array_equal(cells.pulses, sent.astype(np.int64))
