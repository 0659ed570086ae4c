"""Each named firing pattern is what its name says, by numbers."""

from __future__ import annotations

import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spikestack as sp
from spikestack.equations.stimulus import Stimulus
from spikestack.errors import EquationError, ValidationError

Array = np.ndarray
ADEX, IZHIKEVICH = sp.AdEx, sp.Izhikevich2004
EVERY = [(model, name) for model in (ADEX, IZHIKEVICH) for name in model.shows]


class Shown:
    """One neuron under the current that shows its pattern."""

    def __init__(
        self, model: Any, name: str, stimulus: Stimulus | None = None, **settings: Any
    ) -> None:
        stimulus = stimulus or model.shows[name]
        values = settings.pop("values", {})
        net = sp.Network(seed=1)
        cell = net.add(sp.Population("cell", 1, model.preset(name, **values)))
        net.drive(cell, sp.StepCurrent(*stimulus.steps()))
        net.record(cell, "spikes", *cell.model.block.states)
        settings = {"precision": "float64", "dt": stimulus.dt} | settings
        self.recording = net.run(stimulus.duration, **settings)
        self.times: Array = self.recording["cell"].times
        self.isi: Array = np.diff(self.times)
        self.t: Array = self.recording["cell", "v"].times
        self.v: Array = self.recording["cell", "v"].values[0][:, 0]

    def bursts(self, gap: float) -> list[int]:
        """Spikes in each group that silences longer than `gap` ms separate."""
        return [len(group) for group in np.split(self.times, np.flatnonzero(self.isi > gap) + 1)]

    def between(self, start: float, stop: float) -> int:
        """How many spikes fall in the interval (start, stop]."""
        return int(((self.times > start) & (self.times <= stop)).sum())


def adex(name: str, **settings: Any) -> Shown:
    return Shown(ADEX, name, **settings)


def izhikevich(name: str, **settings: Any) -> Shown:
    return Shown(IZHIKEVICH, name, **settings)


def regular(isi: Array, within: float) -> bool:
    """Whether the longest interval exceeds the shortest by less than the given part of it."""
    return bool(isi.max() < (1 + within) * isi.min())


# --- AdEx: Naud et al. 2008


@pytest.mark.parametrize("name", [name for name in ADEX.shows if name != "brette_gerstner"])
def test_adex_waits_for_its_current(name: str) -> None:
    """Silent at rest for 50 ms, and it fires once the current is on."""
    shown = adex(name)
    assert ADEX.shows[name].changes[0][0] == 50.0
    assert len(shown.times) and shown.times[0] > 50.0
    assert abs(shown.v[shown.t < 50.0] - shown.v[0]).max() < 0.1


def test_brette_gerstner() -> None:
    """Regular spiking that adapts, and stops with the current."""
    shown = adex("brette_gerstner")
    assert len(shown.times) == 5
    assert (np.diff(shown.isi) > 0).all() and 1.3 < shown.isi[-1] / shown.isi[0] < 2
    assert shown.between(120.0, 140.0) == 0


def test_adex_tonic_spiking() -> None:
    shown = adex("tonic_spiking")
    assert len(shown.times) > 40
    assert shown.isi[-1] / shown.isi[0] < 1.1 and regular(shown.isi[10:], 0.02)


def test_adex_adaptation() -> None:
    shown = adex("adaptation")
    assert 8 <= len(shown.times) <= 15
    assert (np.diff(shown.isi) > 0).all() and shown.isi[-1] / shown.isi[0] > 5


def test_adex_initial_burst() -> None:
    shown = adex("initial_burst")
    bursts = shown.bursts(gap=20.0)
    assert bursts[0] >= 3 and set(bursts[1:]) == {1} and len(bursts) >= 6
    assert regular(shown.isi[bursts[0] :], 0.02)


def test_adex_regular_bursting() -> None:
    shown = adex("regular_bursting")
    bursts = shown.bursts(gap=20.0)
    assert len(bursts) >= 4 and min(bursts) >= 2 and len(set(bursts[1:])) == 1
    assert regular(shown.isi[shown.isi > 20.0], 0.02)


def test_adex_delayed_accelerating() -> None:
    shown = adex("delayed_accelerating")
    assert shown.times[0] - 50.0 > 1.5 * shown.isi[0]
    assert (np.diff(shown.isi) < 0.051).all()
    assert shown.isi[-1] / shown.isi[0] < 0.6


def test_adex_delayed_regular_bursting() -> None:
    shown = adex("delayed_regular_bursting")
    assert shown.times[0] - 50.0 > 50.0
    bursts = shown.bursts(gap=20.0)
    assert len(bursts) >= 6 and set(bursts[:-1]) == {4}
    assert regular(shown.isi[shown.isi > 20.0], 0.02)


def test_adex_transient_spiking() -> None:
    """It falls silent though the current goes on."""
    shown = adex("transient_spiking")
    assert 1 <= shown.between(50.0, 150.0) <= 5 and shown.between(150.0, 550.0) == 0
    assert np.ptp(shown.v[shown.t > 500.0]) < 0.1 and shown.v[-1] > -60.0


def test_adex_irregular_spiking() -> None:
    """Intervals neither repeat nor can be foretold: a millionth of a mV changes them."""
    long = Stimulus(ADEX.shows["irregular_spiking"].changes, 3000.0, dt=0.05)
    starts = {"v": -60.0}, {"v": -59.999999}
    a, b = (Shown(ADEX, "irregular_spiking", long, values=v).isi[10:] for v in starts)
    assert a.std() / a.mean() > 0.5
    for period in range(1, 11):
        assert abs(a[period:] - a[:-period]).max() > 5.0
    shared = min(len(a), len(b))
    assert abs(a[:shared] - b[:shared]).max() > 5.0


@pytest.mark.parametrize("name", [name for name in ADEX.shows if name != "irregular_spiking"])
def test_adex_hardly_depends_on_the_step(name: str) -> None:
    """A step of 0.1 ms finds the spikes that one of 0.01 ms does."""
    coarse, fine = (adex(name, dt=dt).times for dt in (0.1, 0.01))
    assert abs(len(coarse) - len(fine)) <= 1
    shared = min(len(coarse), len(fine))
    assert abs(coarse[:shared] / fine[:shared] - 1).max() < 0.02


def test_adaptation_jumps_by_b() -> None:
    """The overshoot of v within the step of a spike leaves the adaptation current alone."""
    shown = adex("adaptation")
    w = shown.recording["cell", "w"].values[0][:, 0]
    at = np.searchsorted(shown.t, shown.times)
    assert np.allclose(w[at] - w[at - 1], 0.06, atol=1e-3)


# --- Izhikevich 2004, figure 1


def test_tonic_spiking() -> None:
    """As long as the current lasts, at regular intervals after the first ones."""
    shown = izhikevich("tonic_spiking")
    assert shown.between(0.0, 10.0) == 0 and len(shown.times) == 5
    changes = IZHIKEVICH.shows["tonic_spiking"].changes
    later = izhikevich("tonic_spiking", stimulus=Stimulus(changes, 400.0, 0.25))
    assert regular(later.isi[2:], 0.05) and later.times[-1] > 370.0


def test_phasic_spiking() -> None:
    """One spike, at the onset of a current that stays."""
    shown = izhikevich("phasic_spiking")
    assert len(shown.times) == 1 and 20.0 < shown.times[0] < 50.0
    assert np.ptp(shown.v[shown.t > 180.0]) < 0.1


def test_tonic_bursting() -> None:
    shown = izhikevich("tonic_bursting")
    bursts = shown.bursts(gap=20.0)
    assert len(bursts) == 4 and min(bursts) >= 6 and len(set(bursts[1:])) == 1
    assert regular(shown.isi[shown.isi > 20.0], 0.05)


def test_phasic_bursting() -> None:
    """One burst, at the onset of a current that stays."""
    shown = izhikevich("phasic_bursting")
    assert len(shown.bursts(gap=20.0)) == 1 and 4 <= len(shown.times) <= 8
    assert shown.times[-1] < 80.0


def test_mixed_mode() -> None:
    """A burst at the onset, single spikes from then on."""
    shown = izhikevich("mixed_mode")
    assert shown.bursts(gap=10.0) == [3, 1, 1, 1]
    assert regular(shown.isi[-2:], 0.05)


def test_spike_frequency_adaptation() -> None:
    shown = izhikevich("spike_frequency_adaptation")
    assert len(shown.times) == 6 and (np.diff(shown.isi) > 0).all()
    assert shown.isi[-1] / shown.isi[0] > 5


def rates_found(name: str, currents: Array) -> tuple[float, float]:
    """The lowest and the highest rate (Hz) above 0 to which constant currents lead."""
    stimulus = IZHIKEVICH.shows[name]
    net = sp.Network(seed=1)
    model = IZHIKEVICH.preset(name, i_offset=currents)
    cells = net.add(sp.Population("cells", len(currents), model))
    net.record(cells, "spikes")
    recording = net.run(6000.0, dt=stimulus.dt, precision="float64")
    rates = recording["cells"].rates(2000.0, 6000.0)
    assert (rates == 0).any() and (rates > 0).any()
    return float(rates[rates > 0].min()), float(rates.max())


def test_class_1() -> None:
    """Rates grow with the current from nearly none: along the ramp, and at constant currents."""
    shown = izhikevich("class_1")
    assert len(shown.times) == 10 and (np.diff(shown.isi) < 0).all()
    assert shown.isi[0] / shown.isi[-1] > 2.5
    low, high = rates_found("class_1", np.linspace(2.0, 15.0, 261))
    assert low < 4.0 and high > 8 * low


def test_class_2() -> None:
    """Rates begin far above none and vary little."""
    shown = izhikevich("class_2")
    assert len(shown.times) >= 12 and shown.isi[0] / shown.isi[-1] < 2
    assert shown.times[0] > 100.0
    low, high = rates_found("class_2", np.linspace(-0.5, 3.0, 141))
    assert low > 20.0 and high < 4 * low


def test_spike_latency() -> None:
    """One spike, long after a pulse of 3 ms; the stronger the pulse, the sooner."""
    shown = izhikevich("spike_latency")
    assert len(shown.times) == 1 and shown.times[0] - 13.0 > 10.0
    first = [shown.times[0]]
    for current in (7.5, 9.0):
        pulse = Stimulus(((10.2, current), (13.0, 0.0)), 100.0, 0.2)
        stronger = izhikevich("spike_latency", stimulus=pulse)
        assert len(stronger.times) == 1
        first.append(stronger.times[0])
    assert first[0] > first[1] > first[2]


def own_frequency(name: str) -> float:
    """Hz at which the stepped equations ring about their rest, by linearisation."""
    p, dt = IZHIKEVICH.parameter_sets[name], IZHIKEVICH.shows[name].dt
    a, b = p["a"], p["b"]
    v = min(np.roots([0.04, 5.0 - b, 140.0]).real)
    step_v = np.array([[1 + dt * (0.08 * v + 5.0), -dt], [0.0, 1.0]])
    step_u = np.array([[1.0, 0.0], [dt * a * b, 1 - dt * a]])
    turn = np.angle(np.linalg.eigvals(step_u @ step_v)).max()
    return float(1000.0 * turn / (2 * np.pi * dt))


def test_subthreshold_oscillations() -> None:
    """After its spike v rings at the frequency of the linearised equations."""
    shown = izhikevich("subthreshold_oscillations")
    assert len(shown.times) == 1 and shown.times[0] < 30.0
    ringing = shown.v[shown.t > 60.0]
    ringing = ringing - ringing[-1]
    peaks = np.flatnonzero((ringing[1:-1] > ringing[:-2]) & (ringing[1:-1] >= ringing[2:])) + 1
    assert len(peaks) >= 3 and 0.5 < ringing[peaks[0]] < 3.0
    frequency = 1000.0 / (np.diff(peaks).mean() * 0.25)
    assert np.isclose(frequency, own_frequency("subthreshold_oscillations"), rtol=0.02)
    assert 15.0 < frequency < 20.0


def test_resonator() -> None:
    """Two pulses at the distance of its own period fire it, two closer ones do not."""
    shown = izhikevich("resonator")
    assert shown.between(0.0, 320.0) == 0 and shown.between(320.0, 400.0) == 1
    assert np.isclose(1000.0 / own_frequency("resonator"), 40.0, rtol=0.1)


def test_integrator() -> None:
    """Two pulses fire it the more readily the closer they are."""
    shown = izhikevich("integrator")
    assert shown.between(0.0, 30.0) == 1 and shown.between(30.0, 100.0) == 0
    fired = []
    for distance in (3.0, 5.0, 10.0, 20.0, 40.0):
        second = 10.0 + distance
        pulses = ((10.0, 9.0), (12.0, 0.0), (second, 9.0), (second + 2.0, 0.0))
        fired.append(len(izhikevich("integrator", stimulus=Stimulus(pulses, 100.0, 0.25)).times))
    assert fired == sorted(fired, reverse=True) and fired[0] == 1 and fired[-1] == 0


def test_rebound_spike() -> None:
    """One spike, after the end of inhibition."""
    shown = izhikevich("rebound_spike")
    assert len(shown.times) == 1 and shown.times[0] > 25.0
    assert shown.v.min() < -75.0


def test_rebound_burst() -> None:
    shown = izhikevich("rebound_burst")
    assert shown.times[0] > 25.0 and len(shown.times) >= 5
    assert shown.bursts(gap=20.0) == [len(shown.times)]


def test_threshold_variability() -> None:
    """The pulse that does nothing at rest fires it after inhibition."""
    shown = izhikevich("threshold_variability")
    assert shown.between(0.0, 80.0) == 0 and shown.between(80.0, 100.0) == 1


def test_bistability() -> None:
    """One pulse turns firing on, the same pulse later turns it off; the current between is one."""
    shown = izhikevich("bistability")
    assert shown.between(0.0, 37.5) == 0 and shown.between(37.5, 216.0) >= 4
    assert regular(shown.isi, 0.02) and shown.between(216.0, 300.0) == 0
    once = Stimulus(IZHIKEVICH.shows["bistability"].changes[:3], 600.0, 0.25)
    assert izhikevich("bistability", stimulus=once).times[-1] > 550.0


def test_depolarizing_afterpotential() -> None:
    """After its spike v rises again, far above rest, before it returns there."""
    shown = izhikevich("depolarizing_afterpotential")
    assert len(shown.times) == 1
    after = shown.v[shown.t >= shown.times[0]]
    assert np.isclose(shown.v[0], -70.0) and np.isclose(after[-1], -70.0, atol=0.1)
    hump = int(after.argmax())
    assert hump * 0.1 > 2.0 and after[hump] > after[0] + 5.0 and after[hump] > -55.0


def test_accommodation() -> None:
    """A slow ramp to 8 nA leaves it silent, a steep one to 4 nA fires it."""
    shown = izhikevich("accommodation")
    assert max(IZHIKEVICH.shows["accommodation"].steps()[1]) > 7.9
    assert shown.between(0.0, 300.0) == 0 and shown.between(300.0, 320.0) == 1
    assert shown.between(320.0, 400.0) == 0


def test_inhibition_induced_spiking() -> None:
    shown = izhikevich("inhibition_induced_spiking")
    assert shown.between(50.0, 250.0) == len(shown.times) >= 3
    assert regular(shown.isi, 0.05)


def test_inhibition_induced_bursting() -> None:
    shown = izhikevich("inhibition_induced_bursting")
    assert shown.between(50.0, 250.0) == len(shown.times)
    bursts = shown.bursts(gap=20.0)
    assert len(bursts) >= 2 and min(bursts) >= 4


def published(name: str) -> Iterator[tuple[float, float]]:
    """v and u after each step of the published loop."""
    model, stimulus = IZHIKEVICH.preset(name), IZHIKEVICH.shows[name]
    p: Any = model.scalar_values()
    changes = dict(zip(*(x.tolist() for x in stimulus.steps())))
    v, u, current = p["v"], p["u"], 0.0
    for step in range(round(stimulus.duration / stimulus.dt)):
        now = [c for t, c in changes.items() if round(t / stimulus.dt) == step]
        current = now[0] if now else current
        v += stimulus.dt * (p["k2"] * v * v + p["k1"] * v + p["k0"] - u + current)
        u += stimulus.dt * p["a"] * (p["b"] * (v - p["v_u"]) - p["leak"] * u)
        if v > 30.0:
            v, u = p["c"], u + p["d"]
        yield v, u


@pytest.mark.parametrize("name", IZHIKEVICH.shows)
def test_steps_are_the_published_ones(name: str) -> None:
    recording = izhikevich(name).recording
    expected = np.array(list(published(name)))
    for k, state in enumerate("vu"):
        found = recording["cell", state].values[0][:, 0]
        assert np.allclose(found, expected[:, k], rtol=0, atol=1e-3)


# --- all of them


@pytest.mark.parametrize("precision", ["float32", pytest.param("float64", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("model", "name"),
    [
        (ADEX, "irregular_spiking"),
        (ADEX, "delayed_regular_bursting"),
        (IZHIKEVICH, "class_2"),
        (IZHIKEVICH, "accommodation"),
        (IZHIKEVICH, "inhibition_induced_bursting"),
    ],
)
def test_equal_bits(model: Any, name: str, precision: str) -> None:
    a, b = (Shown(model, name, on=on, precision=precision).recording for on in ("reference", "cpu"))
    assert a.same_spikes(b)
    assert all(np.array_equal(a["cell", x].values, b["cell", x].values) for x in a.traces["cell"])


@pytest.mark.parametrize(("model", "name"), EVERY)
def test_every_set_can_be_made_and_shown(model: Any, name: str) -> None:
    """Whatever has a current has parameters; single precision fires as often, or nearly so."""
    assert set(model.shows) == set(model.parameter_sets)
    double, single = (Shown(model, name, precision=x).times for x in ("float64", "float32"))
    assert len(double) and abs(len(double) - len(single)) <= 1


@pytest.mark.parametrize("model", [ADEX, IZHIKEVICH])
def test_docs_show_the_tables(model: Any) -> None:
    """The page has the parameters that the classes have."""
    root = Path(__file__).resolve().parents[1]
    table = runpy.run_path(str(root / "examples" / "gallery.py"))["table"]
    assert table(model) in (root / "docs" / "firing_patterns.md").read_text(encoding="utf-8")


def test_adaptation_must_be_divided_by_the_capacitance() -> None:
    """A bare - w in dv/dt is a current where mV/ms is needed, and is refused as that."""
    with pytest.raises(EquationError, match=r"equation of v: .*mV/ms with nA"):
        sp.NeuronModel(
            """
            dv/dt = (gl*(v_rest - v) + i_syn)/cm - w : mV
            dw/dt = (a*(v - v_rest) - w)/tau_w       : nA
            """,
            threshold="v >= v_thresh",
            reset="v = v_rest; w += b",
            parameters={
                "gl": "30 nS", "cm": "281 pF", "v_rest": "-70.6 mV", "v_thresh": "-50.4 mV",
                "a": "4 nS", "tau_w": "144 ms", "b": "80.5 pA",
            },
        )  # fmt: skip


def test_stimulus_steps() -> None:
    """A held current is one step, a ramp is a staircase that ends where the next change begins."""
    times, amplitudes = Stimulus(((1.0, 2.0), (2.0, 0.5, 0.1), (3.0, 0.0)), 10.0, 0.25).steps()
    assert np.allclose(times, [1.0, 2.0, 2.25, 2.5, 2.75, 3.0])
    assert np.allclose(amplitudes, [2.0, 0.5, 0.525, 0.55, 0.575, 0.0])


@pytest.mark.parametrize(
    "make",
    [
        lambda: Stimulus((), 10.0),
        lambda: Stimulus(((2.0, 1.0), (1.0, 0.0)), 10.0),
        lambda: Stimulus(((-1.0, 1.0),), 10.0),
        lambda: Stimulus(((11.0, 1.0),), 10.0),
        lambda: Stimulus(((1.0, 1.0),), np.inf),
        lambda: Stimulus(((1.0, 1.0),), 10.0, dt=0.0),
    ],
)
def test_stimulus_refuses(make: Callable[[], Stimulus]) -> None:
    with pytest.raises(ValidationError, match="Stimulus"):
        make()
