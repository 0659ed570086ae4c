"""ODIN: events one after the other, twins for mixed signs, learning, cycles."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import spikestack as sp
from spikestack.chips.kernels.odin import Parameters
from spikestack.chips.kernels.odin_core import CYCLES, ODINCore, cycles_of
from spikestack.errors import ValidationError

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("chips_small", BENCHMARKS / "chips_small.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def summing(threshold: float = 1.0) -> sp.NeuronModel:
    return sp.NeuronModel(
        "v[t+1] = v : 1", threshold="v >= theta", reset="v = 0", dimensionless=True,
        default_synapse="Delta", parameters={"theta": threshold},
    )  # fmt: skip


def two_layers(inputs: int = 40, cells: int = 30, seed: int = 0) -> sp.Network:
    """Inputs that excite, neurons that do both, a readout of the host's."""
    rng = np.random.default_rng(seed)
    net = sp.Network(seed=3)
    source = net.add(sp.Population("source", inputs, sp.SpikeSource()))
    one = net.add(sp.Population("one", cells, summing()))
    two = net.add(sp.Population("two", 10, summing()))
    out = net.add(sp.Population("out", 3, sp.LeakyIntegrator(beta=0.95)))
    at, ids = np.nonzero(rng.random((60, inputs)) < 0.05)
    net.drive(source, sp.SpikeTrains(times=at + 1.0, ids=ids))
    now = sp.Delta(weight=1.0, delay=0.0)
    net.connect(source, one, sp.Dense(rng.integers(1, 8, (inputs, cells)) / 20), now)
    net.connect(one, two, sp.Dense(rng.integers(-7, 8, (cells, 10)) / 20), now)
    net.connect(two, out, sp.Dense(rng.normal(size=(10, 3))), now)
    for population in (one, two):
        net.record(population, "spikes")
    net.record(two, "v")
    net.record(out, "v")
    return net


def by_hand(net: sp.Network, steps: int) -> tuple[list[tuple[int, int]], int]:
    """The same network in plain Python: spikes of `two`, and events that passed the crossbar."""
    w_in = np.rint(20 * net.projections["source->one"].rule.matrix).astype(int)
    w = np.rint(20 * net.projections["one->two"].rule.matrix).astype(int)
    drive = next(iter(net.drives.values())).input
    v, u, found, events = np.zeros(len(w_in[0]), int), np.zeros(10, int), [], 0
    for t in range(1, steps + 1):
        waiting = [("in", int(i)) for i in sorted(drive.ids[np.rint(drive.times) == t])]
        while waiting:
            kind, i = waiting.pop(0)
            if kind == "in":
                events += 1
                v = np.clip(v + w_in[i], 0, 255)
                fired = np.flatnonzero(v >= 20)
                v[fired] = 0
                # Twins stand after all others.
                waiting += [("one", int(j)) for j in fired] + [("twin", int(j)) for j in fired]
                continue
            part = np.maximum(w[i], 0) if kind == "one" else np.minimum(w[i], 0)
            events += int((part != 0).any())
            u = np.clip(u + part, 0, 255)
            fired = np.flatnonzero((u >= 20) & (part != 0))
            u[fired] = 0
            found += [(t, int(j)) for j in fired]
    return found, events


def test_events_act_one_after_the_other() -> None:
    net = two_layers()
    run = net.run(60.0, on=sp.chips.ODIN())
    spikes, events = by_hand(net, 60)
    record = run["two"]
    assert len(spikes) > 50
    assert sorted(spikes) == list(zip(record.steps.tolist(), record.ids.tolist(), strict=True))
    assert run.ledger.total("dense events") == 256 * events
    assert run.mapped.chip.cycles(run).sum() == events * 513
    assert run.ledger.total("dropped") == 0
    assert run.bill().total == pytest.approx(256 * events * 12.7e-12)
    assert run.bill("parts").static == pytest.approx(160.8e-6 * 0.06, rel=1e-6)
    potentials = run.integers["two", "v"].values
    assert potentials.min() >= 0 and potentials.max() <= 255
    assert run["out", "v"].values.shape == (1, 60, 3)


def test_neurons_that_do_both_have_twins() -> None:
    mapped = sp.chips.ODIN().map(two_layers())
    network = mapped.quantised.network
    assert network.populations["one (inhibits)"].size == 30
    for projection in network.projections.values():
        if projection.post.population.name == "two":
            weights = projection.synapse.weight
            assert len(np.unique(np.sign(weights[weights != 0]))) == 1
    assert mapped.cores[0].used == {"neurons": 70.0, "rows": 110.0}


@pytest.mark.parametrize("rows", [255, 256, 257])
def test_the_crossbar_has_256_rows(rows: int) -> None:
    net = two_layers(inputs=rows - 70)
    if rows <= 256:
        assert sp.chips.ODIN().map(net).cores[0].used["rows"] == rows
    else:
        with pytest.raises(ValidationError, match=r"257 rows, 256 rows per core.*fewer inputs"):
            sp.chips.ODIN().map(net)


def test_all_that_is_too_much_is_said_at_once() -> None:
    with pytest.raises(ValidationError, match=r"neurons per core.*rows per core"):
        sp.chips.ODIN().map(two_layers(cells=130))
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", 2, sp.SpikeSource()))
    for name in ("a", "b"):
        cells = net.add(sp.Population(name, 2, sp.DiscreteLIF(beta=0.9)))
        net.connect(source, cells, sp.AllToAll(), sp.Delta(weight=0.2, delay=0.0))
    with pytest.raises(ValidationError, match=r"'a' leaks.*'b' leaks.*beta=1"):
        sp.chips.ODIN().quantise(net)


def learner() -> ODINCore:
    """Sixteen inputs with plastic synapses onto neuron 20, and a teacher, source 19."""
    n = 24
    learns = np.arange(n) == 20
    theta = np.where(learns, 100, 255)
    synapses = np.zeros((n, n), int)
    synapses[:16, 20] = 8 + np.tile([3, 4], 8)
    synapses[19, 20] = 7
    parameters = Parameters(
        leak=8, leaks=True, theta=theta, learns=learns, theta_mem=30, theta_1=1, theta_2=7,
        theta_3=7, calcium_leak=24,
    )  # fmt: skip
    return ODINCore(parameters, synapses)


def test_a_pattern_is_learnt_and_kept() -> None:
    """Inputs 0 to 7 come with the teacher, 8 to 15 when it is silent."""
    core = learner()
    for _ in range(6):
        for _ in range(20):
            core.spike(19)
        for source in range(8):
            core.spike(source)
        for _ in range(16):
            core.reference()
        for source in range(8, 16):
            core.spike(source)
            core.reference()
    weights = core.synapses[:16, 20] & 7
    assert (weights[:8] >= 5).all() and (weights[8:] <= 2).all(), weights
    for _ in range(4):
        core.drift()
    weights = core.synapses[:16, 20] & 7
    assert (weights[:8] == 7).all() and (weights[8:] == 0).all()
    assert core.synapses[19, 20] == 7

    def reaches(sources: range) -> int:
        for _ in range(40):
            core.reference()
        for source in sources:
            core.spike(source)
        return int(core.neurons.v[20])

    assert reaches(range(8)) == 8 * 7 and reaches(range(8, 16)) == 0


def test_weights_between_the_ends_drift_to_the_nearer() -> None:
    core = ODINCore(Parameters(0, False, 255, False, 0, 0, 0, 0, 0), np.arange(16).reshape(4, 4))
    before = core.synapses.copy()
    for _ in range(4):
        core.drift()
    assert np.array_equal(core.synapses[:2], before[:2])
    assert (core.synapses[2] == 8).all() and (core.synapses[3] == 15).all()


def test_cycles_are_those_of_the_list() -> None:
    core = ODINCore(Parameters(1, True, 255, False, 0, 0, 0, 0, 0), np.ones((256, 256)))
    core.spike(3)
    core.reference()
    assert core.cycles == 513 + 512 and core.operations == 256
    assert cycles_of(dict.fromkeys(CYCLES, 1)) == 513 + 2 + 3 + 512 + 2 + 128 + 32_768
    with pytest.raises(ValidationError, match="0 to 15"):
        ODINCore(Parameters(1, True, 255, False, 0, 0, 0, 0, 0), np.full((4, 4), 16))


def test_targets_are_met() -> None:
    found = benchmark().r11()
    assert found["ok"], found


def test_potentials_that_are_kept_above_a_bound_are_described() -> None:
    """One event in a step, bounds and whole weights: the chip does what was described."""
    rng = np.random.default_rng(4)
    held = sp.NeuronModel(
        "v[t+1] = v : 1", threshold="v >= 1", reset="v = 0", dimensionless=True,
        default_synapse="Delta", after_arrivals="v = max(v, 0)",
    )  # fmt: skip
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", 20, sp.SpikeSource()))
    cells = net.add(sp.Population("cells", 30, held))
    net.drive(source, sp.SpikeTrains(times=np.arange(1.0, 301.0), ids=rng.integers(0, 20, 300)))
    weights = rng.integers(-7, 8, (20, 30)) / 16
    net.connect(source, cells, sp.Dense(weights), sp.Delta(weight=1.0, delay=0.0))
    net.record(cells, "spikes")
    run, described = net.run(300.0, on=sp.chips.ODIN()), net.run(300.0, dt=1.0)
    assert len(described["cells"].times) > 500
    assert described.same_spikes(run)
    assert all(loss.error == 0.0 for loss in run.mapped.quantised.losses.values())
    bound = sp.chips.GenericChip().quantise(net).network["cells"].model.values["low"]
    assert np.all(bound == 0.0)
    with pytest.raises(ValidationError, match=r"'cells'.*kept from falling below.*GenericChip"):
        sp.chips.Loihi().quantise(net)
