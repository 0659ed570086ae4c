"""Devices under waveforms: closed forms, published curves, other integrators, properties."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spikestack as sp
from spikestack.crossbars import drive
from spikestack.devices.dynamic import DynamicDevice
from spikestack.errors import MemoryLimitError, UnitError, ValidationError

DEVICES = {
    name: kind for name, kind in sp.devices.all_devices().items() if issubclass(kind, DynamicDevice)
}
FREQUENCY = 50e6  # Hz, of the VTEAM curve
QUARTERS = (1.51745801e-9, 1.53491603e-9, 1.39030554e-9, 1.24569508e-9)


def sine(volts: float, hertz: float) -> Any:
    return lambda t: volts * np.sin(2 * np.pi * hertz * t)


def loop(device: DynamicDevice, periods: int = 2, steps: int = 1000, **more: Any) -> Any:
    volts, hertz = device.shows_loop
    return drive(device, sine(volts, hertz), 1 / hertz / steps, duration=periods / hertz, **more)


def test_vteam_curve() -> None:
    """Agrees with ngspice's and an independent integration of the same netlist."""
    period = 1 / FREQUENCY
    device = sp.devices.VTEAM.preset("memtorch")
    found = drive(device, sine(0.25, FREQUENCY), period / 4000, duration=2 * period)
    w = found["w"]
    for k, expected in enumerate(QUARTERS):
        assert abs(w[1000 * (k + 1)] - expected) < 2e-14
    assert abs(w[8000] - 0.991390155e-9) < 2e-14
    assert found.current.max() == pytest.approx(5.55603502e-4, rel=1e-4)
    assert found.current.min() == pytest.approx(-6.44325176e-4, rel=1e-4)
    second = drive(device, found.voltage[4000:], period / 4000)  # for its shape alone
    assert second.voltage.shape == (4001,)
    volts, amperes = found.voltage[4000:], found.current[4000:]
    area = np.sum(0.5 * (amperes[1:] + amperes[:-1]) * np.diff(volts))
    assert area == pytest.approx(-1.53279e-5, rel=1e-4)


def test_vteam_half_period() -> None:
    """The rise of the first half period in closed form, at the order of the kinks."""
    period = 1 / FREQUENCY
    a = math.asin(0.02 / 0.25)
    rise = 5e-4 * (2 * 0.25 / 0.02 * math.cos(a) - (math.pi - 2 * a)) * period / (2 * math.pi)
    assert rise == pytest.approx(0.0349161278e-9, rel=1e-8)
    for method, error in (("rk4", 3e-17), ("adaptive", 1e-17)):
        found = drive(sp.devices.VTEAM(), sine(0.25, FREQUENCY), period / 2000,
                      duration=period / 2, method=method, tolerance=1e-9)  # fmt: skip
        assert abs(found["w"][-1] - 1.5e-9 - rise) < error


def drift_error(method: str, steps: int, **more: Any) -> float:
    """Against R^2 = R_0^2 - 2 (R_off - R_on) mu R_on/D^2 phi, over a period that hits no bound."""
    device = sp.devices.LinearIonDrift(x=0.3)
    found = drive(device, sine(0.4, 1.0), 1 / steps, duration=1.0, method=method, **more)
    flux = 0.4 / (2 * np.pi) * (1 - np.cos(2 * np.pi * found.time))
    r_0 = 100 * 0.3 + 16e3 * 0.7
    r = np.sqrt(r_0**2 - 2 * (16e3 - 100) * 1e-14 * 100 / 1e-16 * flux)
    return float(np.abs(1 / found.conductance - r).max() / r_0)


@pytest.mark.parametrize(("method", "order"), [("euler", 1), ("heun", 2), ("rk4", 4)])
def test_order_against_the_closed_form(method: str, order: int) -> None:
    coarse, fine = drift_error(method, 64), drift_error(method, 128)
    assert math.log2(coarse / fine) == pytest.approx(order, abs=0.15)


def test_adaptive_against_the_closed_form() -> None:
    assert drift_error("adaptive", 256, tolerance=1e-10) < 1e-8
    assert drift_error("adaptive", 16, tolerance=1e-4) < 1e-2


def test_a_period_returns() -> None:
    """Without flux, the resistance is what it was."""
    found = drive(sp.devices.LinearIonDrift(), sine(0.3, 2.0), 1e-3, duration=0.5)
    assert found["x"][-1] == pytest.approx(0.5, abs=1e-10)


SMOOTH = [
    ("LinearIonDrift", {"window": "biolek", "p": 2.0}, 1e-7),
    ("NonlinearIonDrift", {}, 1e-7),
    ("TEAM", {"k_on": -8e-16}, 1e-6),
    ("VTEAM", {}, 1e-6),
    ("Yakopcic", {}, 1e-6),
    ("Simmons", {}, 1e-6),
    ("StanfordPKU", {"r_th": 300.0}, 1e-6),
    ("SecondOrder", {"k": 1e3}, 1e-6),
    ("Volatile", {}, 1e-6),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "values", "tolerance"), SMOOTH)
def test_another_integrator(name: str, values: dict[str, Any], tolerance: float) -> None:
    """SciPy's LSODA on the device's NumPy form, through half a period, within the bounds."""
    integrate = pytest.importorskip("scipy.integrate")
    device = DEVICES[name](**values)
    volts, hertz = device.shows_loop
    share = {"StanfordPKU": 0.9, "SecondOrder": 0.7}.get(name, 1.0)
    wave = sine(share * volts, hertz)
    states = device.block.states
    limits = device.limits()
    size = {s: (limits[s][1] - limits[s][0]) for s in states}
    begin = np.array([device.start()[s] / size[s] for s in states])

    def slope(t: float, y: np.ndarray) -> list[float]:
        given = {s: float(y[k]) * size[s] for k, s in enumerate(states)}
        rates = device.rates_at(float(wave(t)), **given)
        return [float(rates[s]) / size[s] for s in states]

    end, steps = 0.25 / hertz, 250
    other = integrate.solve_ivp(
        slope, (0, end), begin, method="LSODA", rtol=1e-11, atol=1e-12, max_step=end / steps
    )
    method = "adaptive" if device.method in ("adaptive", "exact") else device.method
    found = drive(device, wave, end / steps, duration=end, method=method, tolerance=1e-9)
    moved = 0.0
    for k, state in enumerate(states):
        assert abs(found[state][-1] / size[state] - other.y[k, -1]) < tolerance
        moved = max(moved, abs(other.y[k, -1] - begin[k]))
    assert moved > 1e-4


@pytest.mark.parametrize("name", sorted(DEVICES))
def test_fingerprints(name: str) -> None:
    """A loop pinched at the origin, within bounds, whose area falls as frequency rises."""
    device = DEVICES[name]()
    found = loop(device, every=1)
    crossing = np.abs(found.voltage) < 1e-12 * np.abs(found.voltage).max()
    crossing[0] = True
    assert np.all(np.abs(found.current[crossing]) < 1e-9 * np.abs(found.current).max())
    for state, (low, high) in device.limits().items():
        assert np.all((found[state] >= low) & (found[state] <= high))
    volts, hertz = device.shows_loop
    areas = []
    for factor in (1, 1e3, 1e6, 1e7):
        fast = drive(device, sine(volts, factor * hertz), 1 / hertz / factor / 1000,
                     duration=1 / hertz / factor)  # fmt: skip
        v, i = fast.voltage, fast.current
        lobes = [np.sum(0.5 * (i[a + 1 : b + 1] + i[a:b]) * np.diff(v[a : b + 1]))
                 for a, b in ((0, 500), (500, 1000))]  # fmt: skip
        areas.append(np.abs(lobes).sum() / (np.ptp(v) * np.ptp(i)))
    assert areas[0] > 1e-3 and areas[3] < 0.01 * max(areas)
    assert areas[3] < areas[2] or areas[3] < 1e-12


@pytest.mark.parametrize("name", sorted(DEVICES))
def test_many_equal_each_alone(name: str) -> None:
    """The same bits, whatever the number of devices and the vectors they are computed in."""
    device = DEVICES[name]()
    volts, hertz = device.shows_loop
    scale = np.linspace(0.5, 1.0, 19)
    t = np.arange(101) / 100 / hertz
    wave = np.sin(2 * np.pi * hertz * t)[:, None] * volts * scale
    together = drive(device, wave, t[1])
    for k in (0, 7, 18):
        alone = drive(device, wave[:, k], t[1])
        for state in device.block.states:
            assert np.array_equal(together[state][:, k], alone[state])
        assert np.array_equal(together.current[:, k], alone.current)


def test_pieces_equal_a_whole() -> None:
    device = sp.devices.VTEAM()
    t = np.arange(2001) * 1e-11
    wave = 0.25 * np.sin(2 * np.pi * FREQUENCY * t)
    whole = drive(device, wave, 1e-11)
    first = drive(device, wave[:1001], 1e-11)
    rest = drive(sp.devices.VTEAM(w=float(first["w"][-1])), wave[1000:], 1e-11)
    assert rest["w"][-1] == whole["w"][-1]
    thin = drive(device, wave, 1e-11, every=100)
    assert np.array_equal(thin["w"], whole["w"][::100]) and len(thin.time) == 21


def test_exact_pulses() -> None:
    """Constant voltage, and the closed forms of both data-driven models."""
    quadratic = sp.devices.DataDriven2021(r=2900.0)
    found = drive(quadratic, np.full(11, 1.0), 1e-7)
    s = 600.10075 * (math.exp(-1 / 0.0212028) - 1)
    target = 2699.2336 - 672.930205
    expected = target - 1 / (1 / (target - 2900.0) + s * found.time)
    assert np.allclose(found["r"], expected, rtol=1e-12)
    exponential = sp.devices.DataDriven2018(r=2000.0)
    found = drive(exponential, np.full(11, 0.5), 1e-5)
    k, s = 5.11e-4, 743.47 * (math.exp(6.51 * 0.5) - 1)
    grown = np.exp(k * 16719) + np.exp(-k * s * found.time) * (np.exp(k * 2000) - np.exp(k * 16719))
    assert np.allclose(found["r"], np.log(grown) / k, rtol=1e-10)
    for device in (quadratic, exponential):
        plain = drive(device, np.full(11, 0.5), 1e-6, method="adaptive", tolerance=1e-9)
        exact = drive(device, np.full(11, 0.5), 1e-6)
        assert np.allclose(plain["r"], exact["r"], rtol=1e-6)


def test_stuck_at_an_end() -> None:
    """Joglekar's window holds a state at its end, Biolek's lets it go."""
    for window, leaves in (("joglekar", False), ("biolek", True)):
        device = sp.devices.LinearIonDrift(window=window, x=1.0)
        found = drive(device, np.full(101, -1.0), 1e-4)
        assert (found["x"][-1] < 0.99) == leaves


def test_noise_does_not_depend_on_the_step() -> None:
    """The spread after a microsecond is the same for steps of 1 and 4 ns; and of the root of it."""
    noisy = sp.devices.StanfordPKU.preset("noisy", e_a=3.0, gap=0.95e-9)
    spreads = []
    for dt, method in ((1e-9, "euler"), (4e-9, "euler"), (4e-9, "adaptive")):
        steps = round(1e-7 / dt)
        found = drive(noisy, np.full(steps + 1, 1.5), dt, devices=4000, method=method, seed=3,
                      every=steps)  # fmt: skip
        gap = found["gap"][-1]
        spreads.append(gap.std())
    heat = 298 + 1.5 * noisy.current_at(1.5) * 2.1e3
    sigma = 0.02 * math.sqrt(1e-9) / (1 + math.exp((450 - heat) / 500))
    # Heat changes with the gap, so that the law holds to some percent.
    assert spreads[0] == pytest.approx(sigma * math.sqrt(1e-7), rel=0.1)
    assert spreads[1] == pytest.approx(spreads[0], rel=0.05)
    assert spreads[2] == pytest.approx(spreads[0], rel=0.05)


def test_seeds() -> None:
    noisy = sp.devices.StanfordPKU.preset("noisy")
    wave = np.full(11, 1.3)
    runs = [drive(noisy, wave, 1e-9, devices=n, seed=s)["gap"] for n, s in ((5, 1), (9, 1), (5, 2))]
    assert np.array_equal(runs[0], runs[1][:, :5]) and not np.array_equal(runs[0], runs[2])
    assert len(np.unique(runs[0][-1])) == 5
    wide = drive(sp.devices.VTEAM(), np.full(3, 0.01), 1e-9, devices=2000, spread={"r_off": 0.2})
    assert wide.values["r_off"].mean() == pytest.approx(1000, rel=0.02)
    assert wide.values["r_off"].std() == pytest.approx(200, rel=0.06)


def test_parameters_may_differ() -> None:
    found = drive(sp.devices.VTEAM(r_on=np.array([50.0, 80.0])), np.linspace(0, 0.2, 21), 1e-9)
    each = [drive(sp.devices.VTEAM(r_on=r), np.linspace(0, 0.2, 21), 1e-9) for r in (50.0, 80.0)]
    assert np.array_equal(found.current, np.stack([e.current for e in each], axis=1))


def test_energy_and_units() -> None:
    """A resistor's v^2 t/R; quantities where numbers are."""
    still = sp.devices.VTEAM(k_on=0.0, k_off=0.0)
    found = drive(still, np.full(11, 0.5), "1 us")
    assert found.energy == pytest.approx(0.25 / 525 * 1e-5)
    assert found.loop_area() == 0 and found.time[-1] == pytest.approx(1e-5)
    assert "VTEAM" in repr(found) and "11 records" in repr(found)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"voltage": np.array([0.1])}, "two"),
        ({"voltage": np.array([0.1, np.nan])}, "finite"),
        ({"voltage": "fast"}, "voltage"),
        ({"voltage": sine(1, 1)}, "duration"),
        ({"voltage": lambda t: t[:3], "duration": 1e-7}, "3 values"),
        ({"dt": -1.0}, "above 0"),
        ({"dt": "1 V"}, "unit"),
        ({"duration": 1.0}, "only with a function"),
        ({"method": "magic"}, "method"),
        ({"method": "exact"}, "method"),
        ({"every": 0}, "every"),
        ({"devices": -2}, "devices"),
        ({"spread": {"r_onn": 0.1}}, "r_on"),
        ({"spread": {"r_on": -7}}, "at least 0"),
        ({"tolerance": 0.0}, "tolerance"),
        ({"device": "VTEAM"}, "a device with an equation"),
        ({"voltage": np.zeros((4, 3)), "devices": 2}, "sizes"),
    ],
)
def test_bad_input(more: dict[str, Any], message: str) -> None:
    given = {"device": sp.devices.VTEAM(), "voltage": np.zeros(5), "dt": 1e-9} | more
    with pytest.raises((ValidationError, UnitError), match=message):
        drive(given.pop("device"), given.pop("voltage"), given.pop("dt"), **given)


def test_too_large() -> None:
    with pytest.raises(MemoryLimitError, match="every"):
        drive(sp.devices.VTEAM(), np.zeros(10_000), 1e-9, devices=10**8)


def test_picture(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    figure = loop(sp.devices.SecondOrder(), steps=200).plot()
    figure.savefig(tmp_path / "loop.png", dpi=50)
    assert len(figure.axes) == 5 and (tmp_path / "loop.png").stat().st_size > 3000


NETLISTS = {
    "VTEAM": """
V1 in 0 SIN(0 0.25 50MEG)
Bw 0 w I = V(in) > 0.02 ? 5e-4*(V(in)/0.02 - 1) : (V(in) < -0.2 ? -10*(V(in)/(-0.2) - 1)^3 : 0)
Cw w 0 1n IC=1.5
Bi in 0 I = V(in)/(50 + 950*V(w)/3)
.tran 2p 40n 0 2p uic
""",
    "LinearIonDrift": """
V1 in 0 SIN(0 1 1)
Bw 0 w I = 1e-14*10k/(27e-9*27e-9)*I(V2)*(1 - (V(w) - (I(V2) > 0 ? 0 : 1))^14)
Cw w 0 1 IC=0.1
V2 in n 0
Bi n 0 I = V(n)/(10k*V(w) + 100k*(1 - V(w)))
.tran 0.1m 2 0 0.1m uic
""",
}


@pytest.mark.parametrize("name", sorted(NETLISTS))
def test_ngspice(name: str, tmp_path: Path) -> None:
    """The same equations as a netlist, at four times."""
    program = shutil.which("ngspice")
    if program is None:
        pytest.skip("ngspice is not installed")
    if name == "VTEAM":
        device, volts, hertz, unit = sp.devices.VTEAM(), 0.25, FREQUENCY, 1e-9
    else:
        device = sp.devices.LinearIonDrift.preset("hp_sine", window="biolek")
        volts, hertz, unit = 1.0, 1.0, 1.0
    at = np.array([0.25, 0.5, 0.75, 1.0, 1.9]) / hertz
    measures = "\n".join(f".meas tran m{k} find v(w) at={t:.9g}" for k, t in enumerate(at))
    text = f"* {name}{NETLISTS[name]}.options reltol=1e-6\n{measures}\n.end\n"
    path = tmp_path / "net.cir"
    path.write_text(text)
    done = subprocess.run([program, "-b", str(path)], capture_output=True, text=True, timeout=120,
                          check=False)  # fmt: skip
    found = re.findall(r"^m\d+\s*=\s*(\S+)", done.stdout, re.M)
    assert len(found) == len(at), done.stdout + done.stderr
    ours = drive(device, sine(volts, hertz), 1 / hertz / 4000, duration=2 / hertz)
    state = ours[device.memory] / unit
    for value, t in zip(found, at, strict=True):
        assert abs(float(value) - state[round(t * hertz * 4000)]) < 1e-4
