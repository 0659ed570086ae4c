"""Devices with an equation: what their descriptions say, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spikestack as sp
from spikestack.devices import device_of
from spikestack.devices.dynamic import DynamicDevice
from spikestack.devices.windows import WINDOWS
from spikestack.errors import EquationError, UnitError, UnknownNameError, ValidationError

DEVICES = {
    name: kind for name, kind in sp.devices.all_devices().items() if issubclass(kind, DynamicDevice)
}
SETS = [(name, chosen) for name, kind in DEVICES.items() for chosen in ("", *kind.parameter_sets)]


def made(name: str, chosen: str = "", **values: Any) -> DynamicDevice:
    kind = DEVICES[name]
    return kind.preset(chosen, **values) if chosen else kind(**values)


class Drift(DynamicDevice):
    """A device of one's own."""

    equations = "dx/dt = k*i*x*(1 - x) : 1"
    current = "v*(g_off + (g_on - g_off)*x)"
    bounds = {"x": ("0", "1")}  # noqa: RUF012
    initial = {"x": 0.5}  # noqa: RUF012

    k = sp.Parameter(1e6, "1")
    g_on = sp.Parameter(1e-3, "S", low=0)
    g_off = sp.Parameter(1e-5, "S", low=0)


def test_all_are_there() -> None:
    wanted = (
        "LinearIonDrift NonlinearIonDrift Simmons TEAM VTEAM Yakopcic StanfordPKU "
        "DataDriven2018 DataDriven2021 Volatile SecondOrder"
    )
    assert set(wanted.split()) <= set(DEVICES)
    assert all(kind.source and kind.__doc__ for kind in DEVICES.values())


@pytest.mark.parametrize(("name", "chosen"), SETS)
def test_state_of_conductance_inverts(name: str, chosen: str) -> None:
    device = made(name, chosen)
    share = np.array([0.0, 1e-3, 0.2, 0.5, 0.9, 1.0])
    wanted = device.g_min + share * (device.g_max - device.g_min)
    state = device.state_of_conductance(wanted)
    assert np.allclose(device.conductance_at(**{device.memory: state}), wanted, rtol=1e-11)
    low, high = device.limits()[device.memory]
    assert np.all((state >= low) & (state <= high))
    # Bisection finds the same as the closed form.
    device.inverse_expr = None
    other = device.conductance_at(**{device.memory: device.state_of_conductance(wanted)})
    assert np.allclose(other, wanted, rtol=1e-11)


@pytest.mark.parametrize(("name", "chosen"), SETS)
def test_no_current_without_voltage(name: str, chosen: str) -> None:
    """Every loop is pinched."""
    device = made(name, chosen)
    low, high = device.limits()[device.memory]
    states = np.linspace(low, high, 7)
    assert np.all(np.asarray(device.current_at(0.0, **{device.memory: states})) == 0)


@pytest.mark.parametrize(
    ("name", "volts"),
    [("VTEAM", (0.019, -0.19)), ("TEAM", (0.04, -0.004)), ("Yakopcic", (0.08, -0.7)),
     ("StanfordPKU", (0.9, -0.9))],
)  # fmt: skip
def test_nothing_moves_below_the_threshold(name: str, volts: tuple[float, float]) -> None:
    device = made(name)
    for v in volts:
        assert all(rate == 0 for rate in device.rates_at(v).values())
        assert any(rate != 0 for rate in device.rates_at(2 * v).values())
    drift = made("LinearIonDrift", "memtorch")
    assert drift.rates_at(0.5)["x"] == 0 and drift.rates_at(0.6)["x"] > 0


@settings(max_examples=60, deadline=None)
@given(x=st.floats(0, 1), up=st.booleans(), p=st.floats(0.5, 8))
def test_windows(x: float, up: bool, p: float) -> None:
    """Their formulas, written down once more."""
    step = 0.0 if up else 1.0
    expected = {
        "none": 1.0,
        "joglekar": 1 - abs(2 * x - 1) ** (2 * p),
        "biolek": 1 - abs(x - step) ** (2 * p),
        "prodromakis": 0.7 * (1 - ((x - 0.5) ** 2 + 0.75) ** p),
        "kvatinsky": math.exp(-math.exp(((x - 0.8) if up else (0.2 - x)) / 0.1)),
    }
    assert set(expected) == set(WINDOWS)
    v = 1.0 if up else -1.0
    for window, value in expected.items():
        device = sp.devices.LinearIonDrift(window=window, p=p, j=0.7, a_on=0.8, a_off=0.2, w_c=0.1)
        drift = 1e-14 * 100 / 1e-16 * device.current_at(v, x=x)
        assert device.rates_at(v, x=x)["x"] == pytest.approx(drift * value, abs=1e-12 * abs(drift))


def test_published_numbers() -> None:
    """Windows of resistance, rates and targets worked out by hand from the parameter sets."""
    gap = made("StanfordPKU").limits()["gap"]
    assert gap == (pytest.approx(0.200083e-9, abs=5e-16), pytest.approx(1.7e-9, abs=5e-16))
    assert 1 / made("StanfordPKU").g_max == pytest.approx(542)
    assert 1 / made("StanfordPKU").g_min == pytest.approx(218586)
    assert made("VTEAM").rates_at(0.25)["w"] == pytest.approx(5e-4 * 11.5)
    assert made("VTEAM").rates_at(-0.25)["w"] == pytest.approx(-10 * 0.25**3)
    team = made("TEAM")
    current = 1.0 / (50 + 950 * 0.5)
    assert team.rates_at(1.0)["x"] == pytest.approx(8e-13 * (current / 115e-6 - 1) ** 3)
    miao = made("Yakopcic", "miao", x=0.6)
    fades = math.exp(-0.3) * ((0.3 - 0.6) / 0.7 + 1)
    grows = 7.5 * (math.exp(0.5) - math.exp(0.09))
    assert miao.rates_at(0.5)["x"] == pytest.approx(grows * fades)
    assert made("LinearIonDrift", "biolek_2009").conductance_at() == pytest.approx(1 / 80e3)
    # 2018: the target above 0 V, at which nothing moves any more.
    still = made("DataDriven2018", r=16719.0)
    assert still.rates_at(0.5)["r"] == 0 and still.rates_at(-1.0)["r"] < 0


def test_simmons_does_not_overflow() -> None:
    """More than thirty decades, and the plain formula where that can be computed."""
    device = made("Simmons")
    rates = [device.rates_at(v, x=x)["x"] for v in (-5, -1, 1, 5) for x in (0, 1e-9, 2e-9, 3e-9)]
    assert np.all(np.isfinite(rates))
    x, i = 1.45e-9, made("Simmons").current_at(2.0, x=1.45e-9)
    plain = 3.5e-6 * math.sinh(i / 115e-6)
    plain *= math.exp(-math.exp((x - 1.2e-9) / 107e-12 - i / 500e-6) - x / 107e-12)
    assert device.rates_at(2.0, x=x)["x"] == pytest.approx(plain, rel=1e-9)


def test_plain_data() -> None:
    """Choices, parameters and initial states survive a file."""
    device = sp.devices.VTEAM(window="biolek", iv="exponential", r_on="70 Ohm", w="1 nm")
    again = device_of(device.to_dict())
    assert repr(again) == repr(device) and again.equations == device.equations
    assert again.conductance_at() == device.conductance_at()
    assert again.rates_at(0.2) == device.rates_at(0.2) != sp.devices.VTEAM().rates_at(0.2)


def test_temperature() -> None:
    """A warmer filament moves faster; the ambient temperature is a parameter."""
    cold, warm = made("StanfordPKU"), made("StanfordPKU", t_0=350.0)
    assert abs(warm.rates_at(1.2)["gap"]) > 3 * abs(cold.rates_at(1.2)["gap"])


def test_a_device_of_ones_own() -> None:
    device = Drift(g_on="2 mS")
    assert device.g_max == 2e-3 and device.g_min == 1e-5
    assert device.state_of_conductance(1e-3) == pytest.approx((1e-3 - 1e-5) / (2e-3 - 1e-5))
    assert device.rates_at(2.0)["x"] == pytest.approx(1e6 * device.current_at(2.0) / 4)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({"current": "v*x*i"}, "unknown name 'i'"),
        ({"current": "v*y"}, "unknown name 'y'"),
        ({"equations": "dx/dt = v*t : 1"}, "uses t"),
        ({"equations": "x[t+1] = v : 1"}, "dx/dt"),
        ({"equations": "y = i : 1; dx/dt = y : 1", "current": "v*y"}, "shorthand"),
        ({"bounds": {"z": ("0", "1")}}, "unknown name 'z'"),
        ({"bounds": {"x": ("0", "x")}}, "unknown name 'x'"),
        ({"solution": {"x": "x + y"}}, "unknown name 'y'"),
        ({"method": "exact"}, "method"),
        ({"memory": "y"}, "unknown name 'y'"),
    ],
)
def test_wrong_texts_are_refused(texts: dict[str, Any], message: str) -> None:
    kind = type("Wrong", (Drift,), texts)
    with pytest.raises(
        (EquationError, UnknownNameError, ValidationError), match=message.replace("(", r"\(")
    ):
        kind()


def test_wrong_values_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="window"):
        sp.devices.LinearIonDrift(window="joglecar")
    with pytest.raises(ValidationError, match="r_on"):
        sp.devices.VTEAM(r_on=-1.0)
    with pytest.raises(UnitError):
        sp.devices.VTEAM(r_on="5 mV")
    with pytest.raises(ValidationError, match="spread"):
        sp.devices.VTEAM(r_on=sp.Normal(50.0, 1.0, low=1.0))
    with pytest.raises(UnknownNameError):
        sp.devices.VTEAM().current_at(1.0, gap=1.0)
    assert sp.devices.VTEAM(w="2 nm").start()["w"] == pytest.approx(2e-9)
