"""Exported steps against the engine: equal spikes and states; refusals; damaged files."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import spikestack as sp
from spikestack.docs.running import run_page
from spikestack.errors import FileFormatError, MissingExtraError, UnknownNameError, ValidationError

onnx = pytest.importorskip("onnx", reason="the extra onnx is not installed")

from spikestack.equations.catalogue import collect  # noqa: E402
from spikestack.formats import onnx as form  # noqa: E402
from spikestack.neurons.base import NeuronModel  # noqa: E402
from spikestack.program.lower import lower  # noqa: E402
from spikestack.simulation import Simulation  # noqa: E402


def differences(
    net: sp.Network,
    path: Path,
    duration: float,
    dt: float = 1.0,
    fires: bool = True,
    **fed: np.ndarray,
) -> tuple[int, float]:
    """Spikes that differ from the engine's, and the greatest difference of recorded states.

    `fed` is what drives from outside feed, (steps, neurons).
    """
    form.write(net, path, dt=dt)
    states = [f"{p.target.population.name}.{p.variable}" for p in net.probes
              if p.variable != "spikes"]  # fmt: skip
    steps = round(duration / dt)
    found = form.run(path, form.inputs_of(net, duration, dt) | fed, steps=steps, record=states)
    simulation = Simulation(net, dt=dt, on="reference")
    for name, rows in fed.items():
        step, unit = np.nonzero(rows)
        sizes = rows[step, unit]
        simulation.inject(name, times=(step + 1.0) * dt, ids=unit, counts=sizes)
    simulation.advance(duration, progress=False)
    run, apart, worst = simulation.recording(), 0, 0.0
    for name, population in net.populations.items():
        if f"{name}.spikes" not in found or name not in run.spikes:
            continue
        spikes, wanted = run[name], np.zeros((steps, population.size), np.float32)
        wanted[spikes.steps - 1, spikes.ids] = 1 if spikes.values is None else spikes.values
        assert len(spikes.ids) or not fires
        apart += int((found[f"{name}.spikes"] != wanted).sum())
    for state in states:
        values = np.asarray(run[tuple(state.split(".", 1))].values)
        worst = max(worst, float(np.abs(values[0] - found[state]).max()))
    return apart, worst


def two(kind: Any, other: Any, seed: int, synapse: Any, **more: Any) -> sp.Network:
    """Poisson noise into 20 neurons, which drive 12, which drive them."""
    net = sp.Network(seed=seed)
    first, second = net.add(sp.Population("first", 20, kind)), net.add(
        sp.Population("second", 12, other)
    )  # fmt: skip
    net.drive(first, sp.Poisson(rate=900.0, synapse=synapse(weight=more.pop("noise"))), name="in")
    net.connect(first, second, sp.FixedProbability(0.4),
                synapse(weight=more["there"], delay=sp.Uniform(1.0, 4.0)))  # fmt: skip
    net.connect(second, first, sp.AllToAll(), synapse(weight=more["back"], delay=2.0))
    for population in (first, second):
        net.record(population, "spikes")
        net.record(population, "v")
    return net


MODELS = {
    "lif, exponential": (sp.LIF, sp.LIF, sp.ExponentialCurrent, (1.2, 0.9, -0.3)),
    "lif, delta": (sp.LIF, sp.LIF, sp.Delta, (6.0, 5.0, -2.0)),
    "lif, alpha": (sp.LIF, sp.LIF, sp.AlphaCurrent, (1.2, 0.9, -0.2)),
    "adaptive": (sp.AdaptiveLIF, sp.LIF, sp.ExponentialCurrent, (1.2, 0.9, -0.3)),
    "discrete": (sp.DiscreteLIF, sp.LeakyIntegrator, sp.Delta, (0.6, 0.3, 0.0)),
}


@pytest.mark.parametrize("name", MODELS)
def test_steps_are_the_engines(name: str, tmp_path: Path) -> None:
    """Heterogeneous delays, a loop, refractoriness: bit for bit."""
    first, second, synapse, (noise, there, back) = MODELS[name]
    net = two(first(), second(), 5, synapse, noise=noise, there=there, back=back)
    if name == "discrete":
        net = two(first(), first(), 5, synapse, noise=noise, there=there, back=-0.1)
    assert differences(net, tmp_path / "net.onnx", 120.0) == (0, 0.0)


def test_exponentials_differ_in_the_last_digit_at_most(tmp_path: Path) -> None:
    net = sp.Network(seed=2)
    cells = net.add(sp.Population("cells", 10, sp.AdEx()))
    net.drive(cells, sp.ConstantCurrent(sp.Uniform(0.4, 0.9)), name="in")
    net.record(cells, "spikes")
    net.record(cells, "v")
    apart, worst = differences(net, tmp_path / "net.onnx", 40.0, 0.1)
    assert apart == 0
    assert worst < 0.01


def layered(seed: int) -> tuple[sp.Network, np.ndarray]:
    """A random network of layers within a step, convolutions among them, and what is fed."""
    rng, net = np.random.default_rng(seed), sp.Network(seed=seed)
    model = sp.DiscreteLIF(beta=float(rng.uniform(0.3, 0.95)), theta=1.0)
    source = net.add(sp.Population("source", (2, 6, 6), sp.SpikeSource()))
    net.drive(source, sp.ExternalSpikes(weight=1.0), name="in")
    groups, pool = int(rng.integers(1, 3)), int(rng.integers(1, 3))
    kernel = rng.normal(0.1, 0.5, (4, 2 // groups, 3, 3))
    rule = sp.Convolution(kernel, int(rng.integers(1, 3)), int(rng.integers(0, 2)), groups, pool)
    maps = net.add(sp.Population("maps", rule.target_shape((2, 6, 6)), model))
    net.connect(source, maps, rule, sp.Delta(weight=float(rng.uniform(0.3, 1.5)), delay=0.0))
    hidden = net.add(sp.Population("hidden", 9, model))
    net.connect(maps, hidden, sp.Dense(rng.normal(0.05, 0.4, (maps.size, 9))),
                sp.Delta(weight=1.0, delay=float(rng.integers(0, 3))))  # fmt: skip
    net.connect(hidden, hidden, sp.Dense(rng.normal(0, 0.3, (9, 9))),
                sp.Delta(weight=1.0, delay=1.0))  # fmt: skip
    out = net.add(sp.Population("out", 4, sp.LeakyIntegrator(beta=0.9)))
    net.connect(hidden, out, sp.Dense(rng.normal(0, 1, (9, 4))), sp.Delta(weight=1.0, delay=0.0))
    net.record(maps, "spikes")
    net.record(out, "v")
    return net, (rng.random((12, 72)) < 0.4).astype(np.float32)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_random_layers_are_the_engines(seed: int, tmp_path: Path) -> None:
    net, fed = layered(seed)
    found = differences(net, tmp_path / "net.onnx", 12.0, fires=False, **{"in": fed})
    assert found == (0, 0.0)


def test_values_and_samples(tmp_path: Path) -> None:
    """Grey levels as sizes of events; samples at once are samples one by one."""
    net, rng = sp.zoo.load("digits-mlp"), np.random.default_rng(0)
    how = sp.zoo.entry("digits-mlp").input
    fed = np.repeat(rng.random((3, 1, 64)).astype(np.float32), 10, 1)
    path = form.write(net, tmp_path / "net.onnx", dt=how["dt"])
    states = [f"{p.target.population.name}.v" for p in net.probes if p.variable == "v"]
    together = form.run(path, {how["drive"]: fed}, record=states)
    for k, sample in enumerate(fed):
        alone = form.run(path, {how["drive"]: sample}, record=states)
        assert all(np.array_equal(alone[name], together[name][k]) for name in alone)
    assert differences(net, path, 10.0 * how["dt"], how["dt"], **{how["drive"]: fed[0]}) == (0, 0.0)


def test_currents_from_outside_and_of_steps(tmp_path: Path) -> None:
    net = sp.Network(seed=1)
    cells = net.add(sp.Population("cells", 3, sp.LIF()))
    net.drive(cells, sp.StepCurrent([0.0, 20.0, 50.0], [0.0, 0.9, 0.2]), name="steps")
    net.drive(cells, sp.ConstantCurrent(0.2), name="constant")
    net.drive(cells[:1], sp.SpikeTrains([[5.0, 6.0, 30.0]], weight=12.0), name="given")
    net.record(cells, "spikes")
    net.record(cells, "v")
    assert differences(net, tmp_path / "net.onnx", 80.0, 0.5) == (0, 0.0)
    assert set(form.inputs_of(net, 80.0)) == {"steps", "given"}


def test_currents_and_rates_of_time(tmp_path: Path) -> None:
    net = sp.Network(seed=1)
    cells = net.add(sp.Population("cells", 5, sp.LIF()))
    net.drive(cells, sp.SinusoidalCurrent(), name="wave")
    rates = sp.InhomogeneousPoisson([0.0, 40.0], [200.0, 2000.0], weight=8.0)
    net.drive(cells, rates, name="noise")
    net.record(cells, "spikes")
    net.record(cells, "v")
    assert differences(net, tmp_path / "net.onnx", 80.0, 0.5) == (0, 0.0)


#: Models that compute exponentials while they run, and how far their potentials may part, mV.
APART = {"AdEx": 1e-4, "HodgkinHuxley": 0.02, "PinskyRinzel": 0.01, "TraubMiles": 0.01}


@pytest.mark.slow
def test_every_neuron_of_the_catalogue(tmp_path: Path) -> None:
    """Bit for bit, but for those that compute exponentials while they run."""
    tried = []
    for name, kind in sorted(collect("spikestack.neurons", NeuronModel).items()):
        net = sp.Network(seed=1)
        cells = net.add(sp.Population("cells", 4, kind()))
        synapse = getattr(sp, kind.default_synapse or "Delta")
        weight = 0.01 if "Conductance" in synapse.__name__ else 1.0
        try:
            net.drive(cells, sp.Poisson(rate=2000.0, synapse=synapse(weight=weight)), name="in")
            net.record(cells, "v")
        except ValidationError:
            continue
        if any(i.op in ("uniform", "common") for i in lower(net, 1.0, "float32", 1).populations[0]
               .code.instructions):  # fmt: skip
            continue
        dt = 1.0 if kind.dimensionless else 0.1
        apart, worst = differences(net, tmp_path / "net.onnx", 60 * dt, dt, fires=False)
        assert (apart, worst <= APART.get(name, 0.0)) == (0, True), (name, worst)
        tried.append(name)
    assert len(tried) >= 25


def test_what_the_file_says(tmp_path: Path) -> None:
    """Defaults are the initial states; every name that is told is there, with units."""
    import json

    net = two(sp.LIF(), sp.LIF(), 1, sp.ExponentialCurrent, noise=1.0, there=1.0, back=0.1)
    model = onnx.load(form.write(net, tmp_path / "net.onnx", dt=0.5))
    about = json.loads({p.key: p.value for p in model.metadata_props}["spikestack"])
    assert about["dt_ms"] == 0.5
    assert about["states"]["first.v"]["unit"] == "mV"
    inputs = {i.name for i in model.graph.input}
    assert inputs == {*about["inputs"], *about["states"]}
    assert inputs <= {i.name for i in model.graph.initializer}
    outputs = {o.name for o in model.graph.output}
    assert outputs == {*about["outputs"], *(s["next"] for s in about["states"].values())}
    assert list(tmp_path.iterdir()) == [tmp_path / "net.onnx"]


def test_what_one_step_cannot_compute_is_refused_together(tmp_path: Path) -> None:
    net = sp.Network(seed=1)
    a, b = net.add(sp.Population("a", 2, sp.LIF())), net.add(sp.Population("b", 2, sp.LIF()))
    net.connect(
        a,
        b,
        sp.AllToAll(),
        sp.Delta(weight=1.0),
        name="learns",
        plasticity=sp.AdditiveSTDP(w_max=2.0),
    )
    net.connect(a, a, sp.AllToAll(), sp.GapJunction(weight=0.01), name="coupled")
    net.drive(b, sp.WhiteNoiseCurrent(), name="noise")
    with pytest.raises(ValidationError) as told:
        form.write(net, tmp_path / "net.onnx")
    for fault in ("'learns' is plastic", "'coupled' is of gap", "'b' draws random numbers"):
        assert fault in str(told.value)
    assert not list(tmp_path.iterdir())


def test_damaged_files_and_wrong_inputs(tmp_path: Path) -> None:
    net, fed = layered(3)
    path = form.write(net, tmp_path / "net.onnx")
    whole = path.read_bytes()
    other = onnx.load(path)
    del other.metadata_props[:]
    foreign = onnx.load(path)
    for prop in foreign.metadata_props:
        prop.value = prop.value.replace('"out.v"', '"out.w"')
    for damaged in (b"", b"hello", whole[: len(whole) // 2], other.SerializeToString(),
                    foreign.SerializeToString()):  # fmt: skip
        (tmp_path / "bad.onnx").write_bytes(damaged)
        with pytest.raises(FileFormatError, match=r"bad\.onnx"):
            form.run(tmp_path / "bad.onnx", {"in": fed})
    for wrong in (fed[:, :5], fed[0], "text", np.zeros((2, 2, 2, 2))):
        with pytest.raises(ValidationError, match="'in'"):
            form.run(path, {"in": wrong})
    with pytest.raises(UnknownNameError, match="did you mean 'in'"):
        form.run(path, {"inn": fed})
    with pytest.raises(UnknownNameError, match="out"):
        form.run(path, {"in": fed}, record=["outt.v"])
    with pytest.raises(ValidationError, match="steps"):
        form.run(path, {"in": fed}, steps=100)
    with pytest.raises(FileNotFoundError):
        form.run(tmp_path / "none.onnx", {"in": fed})


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_flipped_bytes_never_crash(seed: int, tmp_path: Path) -> None:
    rng, path = np.random.default_rng(seed), tmp_path / "net.onnx"
    if not path.exists():
        form.write(layered(3)[0], path)
    damaged = bytearray(path.read_bytes())
    for at in rng.integers(0, len(damaged), 4):
        damaged[at] = rng.integers(256)
    (tmp_path / "bad.onnx").write_bytes(bytes(damaged))
    with suppress(FileFormatError, ValidationError):
        form.run(tmp_path / "bad.onnx", {"in": np.ones((1, 72))})


def test_the_page() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "onnx.md"
    assert not run_page(page).differences


def test_without_onnx(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(MissingExtraError, match=r"spikestack\[onnx\]"):
        form.write(layered(1)[0], tmp_path / "net.onnx")
