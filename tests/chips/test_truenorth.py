"""Crossbar chips: codes, cores, copies, tables; mapped runs spike as the quantised network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spikestack as sp
from spikestack.chips.circuits.crossbar_codes import CODES, coded
from spikestack.chips.fabric.routers import fabric_of
from spikestack.chips.faults import Faults
from spikestack.chips.figures import Figure, Grade
from spikestack.chips.mapping.crossbars import MappedCrossbars
from spikestack.chips.neurons.truenorth import TrueNorthNeuron
from spikestack.errors import SpikestackError, UnknownNameError, ValidationError
from spikestack.zoo.tasks import task


def integrator(soft: bool = False, leak: float = 0.0) -> sp.NeuronModel:
    """A neuron without decay, reset to 0 or by its threshold."""
    return sp.NeuronModel(
        "v[t+1] = v + leak : 1",
        threshold="v >= 1",
        reset="v = v - 1" if soft else "v = 0",
        parameters={"leak": leak},
        dimensionless=True,
        default_synapse="Delta",
    )


def trains(rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray]:
    return np.nonzero(rng.random((70, size)) < 0.1)


def layered(seed: int, soft: bool, levels: int, leak: float = 0.0) -> sp.Network:
    """Two layers, a loop, a connection that skips one, a readout; all within one step."""
    rng = np.random.default_rng(seed)
    net = sp.Network(seed=3)
    source = net.add(sp.Population("source", 60, sp.SpikeSource()))
    first = net.add(sp.Population("first", 150, integrator(soft, leak)))
    second = net.add(sp.Population("second", 30, integrator(soft)))
    out = net.add(sp.Population("out", 5, sp.LeakyIntegrator(beta=0.95)))
    at, ids = trains(np.random.default_rng(seed), 60)
    net.drive(source, sp.SpikeTrains(times=at + 1.0, ids=ids))

    def connect(pre: Any, post: Any, share: float, delay: float) -> None:
        there = np.nonzero(rng.random((pre.size, post.size)) < share)
        weight = rng.integers(-levels, levels + 1, len(there[0])) + (levels > 1)
        if levels == 1:
            weight = rng.choice([-4, 4], len(there[0]), p=[0.3, 0.7])
        kept = weight != 0
        synapse = sp.Delta(weight=weight[kept] / 32.0, delay=delay)
        net.connect(pre, post, sp.FromArrays(there[0][kept], there[1][kept]), synapse)

    connect(source, first, 0.4, 0.0)
    connect(first, second, 0.2, 0.0)
    connect(source, second, 0.3, 1.0)
    connect(second, first, 0.1, 7.0)
    net.connect(second, out, sp.Dense(rng.normal(0, 0.3, (30, 5))), sp.Delta(weight=1.0, delay=0.0))
    for population in (first, second):
        net.record(population, "spikes")
    net.record(out, "v")
    net.record(first, "v")
    return net


def events(record: sp.SpikeRecord, late: int, until: int) -> set[tuple[int, int]]:
    steps = np.rint(record.times).astype(int) - late
    kept = steps <= until
    return set(zip(steps[kept].tolist(), record.ids[kept].tolist(), strict=True))


CASES = [(0, False, 1, 0.0), (1, True, 1, 0.0), (2, False, 3, 0.0), (3, True, 6, -1 / 64)]


@pytest.mark.parametrize("chip", [sp.chips.TrueNorth, sp.chips.RANC])
@pytest.mark.parametrize("case", CASES)
def test_described_quantised_mapped_and_loaded_are_the_same(chip: Any, case: Any) -> None:
    """Spikes of the description, of one core without bounds, of cores, and of their tables."""
    net = layered(*case)
    quantised = chip().quantise(net)
    assert all(loss.error == 0.0 for loss in quantised.losses.values()), str(quantised)
    mapped = chip().map(net)
    run = mapped.chip.execute(mapped, 110, False)
    ours = net.run(100.0, dt=1.0, precision="float64")
    alone = quantised.network.run(110.0, dt=1.0, precision="float64")
    assert len(mapped.cores) > 1 and any("copies" in name for name in mapped.core_of)
    tables = mapped.tables()
    at, ids = trains(np.random.default_rng(case[0]), 60)
    packets = mapped.packets("source", at + 1, ids)
    loaded = tables.run(110, packets)
    for name in ("first", "second"):
        described = events(ours[name], 0, 100)
        assert len(described) > 30
        assert described == events(alone[name], quantised.late[name], 100), name
        assert described == events(run[name], run.late[name], 100), name
        raster = loaded.raster[:, mapped.core_of[name], mapped.slots[name]]
        steps, neurons = np.nonzero(raster)
        assert events(run[name], 0, 110) == set(zip((steps + 1).tolist(), neurons.tolist(),
                                                    strict=True))  # fmt: skip
    # Counted as sent: by the rows of axons that spikes and the host's packets go to.
    rows, sent = tables.synapses.sum(2).ravel(), tables.to[np.nonzero(loaded.raster)[1:]]
    met = rows[sent[sent >= 0]].sum() + rows[packets[:, 1]].sum()
    assert met == run.ledger.total("dense events") >= loaded.events.sum() > 0
    late = run.late["first"]
    v = run["first", "v"].values[0][late : 100 + late]
    assert np.array_equal(v, ours["first", "v"].values[0])
    late = run.late["out"]
    v = run["out", "v"].values[0][late : 100 + late]
    assert np.allclose(v[1:], ours["out", "v"].values[0][1:], atol=1e-12)


@settings(max_examples=4, deadline=None)
@given(
    seed=st.integers(0, 10_000), soft=st.booleans(), levels=st.integers(1, 6),
    drift=st.integers(-1, 1),
)  # fmt: skip
def test_any_network_spikes_on_cores_as_without(
    seed: int, soft: bool, levels: int, drift: int
) -> None:
    """Whatever was rounded: cores, and their tables, do what one core without bounds does."""
    net = layered(seed, soft, levels, drift / 100)
    quantised = sp.chips.TrueNorth().quantise(net)
    mapped = sp.chips.TrueNorth().map(net)
    run = mapped.chip.execute(mapped, 100, False)
    alone = quantised.network.run(100.0, dt=1.0, precision="float64")
    at, ids = trains(np.random.default_rng(seed), 60)
    loaded = mapped.tables().run(100, mapped.packets("source", at + 1, ids))
    for name in ("first", "second"):
        late = run.late[name] - quantised.late[name]
        expected = events(alone[name], -late, 100)
        assert expected == events(run[name], 0, 100)
        steps, neurons = np.nonzero(loaded.raster[:, mapped.core_of[name], mapped.slots[name]])
        assert expected == set(zip((steps + 1).tolist(), neurons.tolist(), strict=True))


def test_synapses_of_a_type_can_be_drawn() -> None:
    """One event at each of 400 neurons that never fire: of weight 63 every fourth is passed."""
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", 2, sp.SpikeSource()))
    model = TrueNorthNeuron(theta=1000.0)
    cells = net.add(sp.Population("cells", 200, model))
    for k, weight in enumerate((63.0, -7.0)):
        net.connect(source[k : k + 1], cells, sp.AllToAll(),
                    sp.Delta(weight=weight, delay=1.0), name=f"in {k}")  # fmt: skip
    mapped = sp.chips.TrueNorth().map(net)
    packets = mapped.packets("source", np.array([1, 1]), np.array([0, 1]))
    v = mapped.tables({"cells": [1, 0, 0, 0]}).run(3, packets).v
    v = v[mapped.core_of["cells"], mapped.slots["cells"]]
    assert set(v) == {-7, -6} and (v == -6).mean() == pytest.approx(0.25, abs=0.12)
    assert set(mapped.tables().run(3, packets).v[mapped.core_of["cells"], 0]) == {56}
    with pytest.raises(UnknownNameError):
        mapped.tables({"cell": [1, 0, 0, 0]})


def test_every_packet_reaches_one_axon() -> None:
    mapped = sp.chips.TrueNorth().map(layered(2, False, 3))
    a = mapped.axons
    ends = np.stack([a.core, a.index])
    assert len(np.unique(ends, axis=1).T) == len(a.core)
    on_chip = np.array([mapped.names[p] in mapped.core_of for p in a.population])
    senders = np.stack([a.population, a.neuron])[:, on_chip]
    assert len(np.unique(senders, axis=1).T) == on_chip.sum(), "one destination for each neuron"
    assert a.index.max() < 256 and max(len(n) for n in mapped.slots.values()) > 0
    for core in range(len(mapped.cores)):
        slots = [mapped.slots[n][of == core] for n, of in mapped.core_of.items()]
        used = np.concatenate(slots)
        assert len(np.unique(used)) == len(used) <= 256
    shown = mapped.describe(0)
    assert "axon 0, type" in shown and "'first'" in shown and "axon" in str(mapped)


def test_energy_is_leakage_alone_without_input() -> None:
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", 4, sp.SpikeSource()))
    cells = net.add(sp.Population("cells", 8, integrator()))
    net.connect(source, cells, sp.AllToAll(), sp.Delta(weight=0.5, delay=1.0))
    run = net.run(50.0, on=sp.chips.TrueNorth())
    assert run.ledger.total("driven updates") == 0
    bill = run.bill()
    assert bill.total == bill.static == pytest.approx(0.05 * 18.22e-3, rel=1e-3)
    assert run.bill("operating point").total == 0.0


# ---------------------------------------------------------------------------- codes


@pytest.mark.parametrize("name", CODES)
def test_codes_hold_the_sums_of_their_values(name: str) -> None:
    code = CODES[name]
    sums = {sum(v for k, v in enumerate(code) if m >> k & 1) for m in range(1 << len(code))}
    levels = np.array(sorted(sums), float)
    # Five values and more, in a unit of each neuron, so that no four values do.
    units = np.array([0.1, 0.7, 1.3, 0.031])
    targets = np.repeat(np.arange(4), len(levels))
    weights = np.tile(levels, 4) * units[targets]
    found = coded(weights, targets, 4, 256)
    assert found.exact
    assert np.allclose(found.made(targets) * found.unit[targets], weights)
    assert len(CODES[found.code]) <= len(code)


def test_weights_of_no_code_are_rounded_to_the_nearest() -> None:
    rng = np.random.default_rng(0)
    weights, targets = rng.normal(0, 1, 600), np.repeat(np.arange(10), 60)
    fine = coded(weights, targets, 10, 256)
    coarse = coded(weights, targets, 10, 120)
    assert fine.code == "4 bits" and coarse.code in ("ternary", "3 bits")
    errors = [np.std(c.made(targets) * c.unit[targets] - weights) for c in (fine, coarse)]
    assert 0 < errors[0] < 0.1 < errors[1] < 0.6
    taken = np.unpackbits(coarse.masks[:, None], axis=1).sum(1)
    assert np.bincount(targets, taken).max() <= 120


# ---------------------------------------------------------------------------- limits


def fan(sources: int, targets: int = 1, delay: float = 1.0, chip: Any = None) -> MappedCrossbars:
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", sources, sp.SpikeSource()))
    first = net.add(sp.Population("first", sources, integrator()))
    cells = net.add(sp.Population("cells", targets, integrator()))
    net.connect(source, first, sp.OneToOne(), sp.Delta(weight=1.0, delay=1.0))
    net.connect(first, cells, sp.AllToAll(), sp.Delta(weight=0.125, delay=delay))
    return (chip or sp.chips.TrueNorth()).map(net)


@pytest.mark.parametrize("over", [-1, 0, 1])
def test_limits_hold_and_refuse_one_more(over: int) -> None:
    """Axons of a neuron, ticks of a delay, and copies of a neuron whose targets fill 16 cores."""
    few = Figure(16, "neurons", Grade.DERIVED, "this test")
    small = sp.chips.RANC(neurons_per_core=few)
    checks = [
        (lambda: fan(256 + over), r"fan-in, 256 axons per neuron.*wall.*ternary"),
        (lambda: fan(3, delay=15.0 + over), r"delay, 15 ticks per neuron.*longer step"),
        (
            lambda: fan(1, 16 * (16 + over) - 1, chip=small),
            r"17 destinations, 16 copies per neuron",
        ),
    ]
    for check, says in checks:
        if over > 0:
            with pytest.raises(ValidationError, match=says):
                check()
        else:
            assert isinstance(check(), MappedCrossbars)


def alone(targets: int, chip: Any) -> MappedCrossbars:
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", 1, sp.SpikeSource()))
    cells = net.add(sp.Population("cells", targets, integrator()))
    net.connect(source, cells, sp.AllToAll(), sp.Delta(weight=0.5, delay=1.0))
    return chip.map(net)


@pytest.mark.parametrize("over", [-1, 0, 1])
def test_cores_hold_256_neurons_and_chips_their_cores(over: int) -> None:
    small = {
        "width": Figure(2, "cores", Grade.DERIVED, "this test"),
        "height": Figure(1, "cores", Grade.DERIVED, "this test"),
    }
    assert len(alone(256 + over, sp.chips.RANC(**small)).cores) == (1 if over <= 0 else 2)
    if over <= 0:
        assert len(alone(512 + over, sp.chips.RANC(**small)).cores) == 2
        return
    with pytest.raises(ValidationError, match=r"3 cores, 2 cores per system.*larger mesh"):
        alone(513, sp.chips.RANC(**small))
    more = alone(513, sp.chips.RANC(chips=2, **small))
    assert len(more.cores) == 3 and max(core.place for core in more.cores) >= 2


def test_dead_cores_hold_nothing() -> None:
    """Three cores of four: the dead one is left out, and a fourth core is refused."""
    side = Figure(2, "cores", Grade.DERIVED, "this test")
    chip = sp.chips.RANC(faults=Faults(dead_cores=[1]), width=side, height=side)
    mapped = alone(600, chip)
    assert sorted(core.place for core in mapped.cores) == [0, 2, 3]
    with pytest.raises(ValidationError, match="4 cores, 3 cores per system"):
        alone(769, chip)
    more = sp.chips.RANC(chips=2, faults=Faults(dead_chips=[0]), width=side, height=side)
    assert all(core.place >= 4 for core in alone(600, more).cores)
    with pytest.raises(ValidationError, match=r"dead_cores.*got 4.*0 to 3"):
        alone(3, sp.chips.RANC(faults=Faults(dead_cores=[4]), width=side, height=side))


def chain(cores: int) -> sp.Network:
    """Populations of 16 neurons that each hear all of the one before."""
    net = sp.Network(seed=1)
    before = net.add(sp.Population("source", 16, sp.SpikeSource()))
    for k in range(cores):
        after = net.add(sp.Population(f"layer {k}", 16, integrator()))
        net.connect(before, after, sp.OneToOne(), sp.Delta(weight=1.0, delay=2.0))
        before = after
    net.drive(net["source"], sp.SpikeTrains(times=[1.0, 3.0], ids=[0, 5]))
    net.record(before, "spikes")
    return net


def test_packets_do_not_come_over_dead_links() -> None:
    """They cannot go round one: cores are put where none is met, or the network is refused."""
    few = Figure(16, "neurons", Grade.DERIVED, "this test")
    four = Figure(4, "cores", Grade.DERIVED, "this test")
    small = {"neurons_per_core": few, "axons_per_core": few, "width": four, "height": four}
    whole = sp.chips.RANC(**small).map(chain(9))
    routers = np.array([core.place for core in whole.cores])
    a, b = routers[np.argwhere(whole.deliveries)[0]]
    (ay, ax), (by, bx) = divmod(int(a), 4), divmod(int(b), 4)
    step = (ay * 4 + ax + np.sign(bx - ax)) if ax != bx else (ay + np.sign(by - ay)) * 4 + ax
    chip = sp.chips.RANC(faults=Faults(dead_links=[(int(a), int(step))]), **small)
    mapped = chip.map(chain(9))
    dead = set(fabric_of(chip).dead.tolist())
    at = np.array([core.place for core in mapped.cores])
    sound = fabric_of(sp.chips.RANC(**small))
    for pre, post in np.argwhere(mapped.deliveries):
        assert not dead & set(sound.paths(at[[pre]], at[[post]]).links.tolist())
    run, other = (m.chip.execute(m, 40, False) for m in (mapped, whole))
    assert run.same_spikes(other) and len(run["layer 8"].times) == 2
    cut = sp.chips.RANC(faults=Faults(dead_links=[(1, 2), (5, 6), (9, 10), (13, 14)]), **small)
    with pytest.raises(ValidationError, match=r"dead link.*not round anything"):
        cut.map(chain(9))


def test_broken_connections_are_those_of_the_tables() -> None:
    """What runs on cores with defects is what their tables do, and not what was meant."""
    net = layered(2, False, 3)
    whole = sp.chips.TrueNorth().map(net)
    for faults in (Faults(stuck_synapses=0.1, seed=4), Faults(bit_flips=0.002, seed=4)):
        mapped = sp.chips.TrueNorth(faults=faults).map(net)
        assert [c.place for c in mapped.cores] == [c.place for c in whole.cores]
        meant, found = whole.tables().synapses, mapped.tables().synapses
        wrong = (meant != found).sum()
        assert f"faults: {wrong:,} connections" in mapped.quantised.notes[-1]
        if faults.stuck_synapses:
            assert 0.08 < wrong / meant.sum() < 0.12 and not (found & ~meant).any()
        else:
            used = sum(c.used["axons in"] * c.used["neurons"] for c in mapped.cores)
            assert 0.0015 < wrong / used < 0.0025 and (found & ~meant).any()
        run = mapped.chip.execute(mapped, 110, False)
        at, ids = trains(np.random.default_rng(2), 60)
        packets = mapped.packets("source", at + 1, ids)
        loaded = mapped.tables().run(110, packets)
        for name in ("first", "second"):
            steps, neurons = np.nonzero(loaded.raster[:, mapped.core_of[name], mapped.slots[name]])
            expected = set(zip((steps + 1).tolist(), neurons.tolist(), strict=True))
            assert events(run[name], 0, 110) == expected
        tables = mapped.tables()
        rows, sent = tables.synapses.sum(2).ravel(), tables.to[np.nonzero(loaded.raster)[1:]]
        met = rows[sent[sent >= 0]].sum() + rows[packets[:, 1]].sum()
        assert met == run.ledger.total("dense events")
        assert not run.same_spikes(whole.chip.execute(whole, 110, False))


def test_synapses_that_are_listed_are_stuck() -> None:
    net = layered(2, False, 3)
    name = "source->first"
    chip = sp.chips.TrueNorth(faults=Faults(stuck_synapses={name: [0, 7]}))
    edges = sp.chips.TrueNorth().quantise(net).edges[name]
    lost = sum(int(edges.masks[k]).bit_count() for k in (0, 7))
    whole, mapped = sp.chips.TrueNorth().map(net), chip.map(net)
    assert len(whole.crossings) - len(mapped.crossings) == lost
    with pytest.raises(UnknownNameError):
        sp.chips.TrueNorth(faults=Faults(stuck_synapses={"none": [0]})).map(net)
    with pytest.raises(ValidationError, match=r"synapse 1000000"):
        sp.chips.TrueNorth(faults=Faults(stuck_synapses={name: [1_000_000]})).map(net)


def test_tables_of_cores_say_where_neurons_send() -> None:
    mapped = sp.chips.TrueNorth().map(layered(2, False, 3))
    loaded, numbers = mapped.tables(), {}
    for name, of in mapped.core_of.items():
        numbers |= {len(numbers) + k: (name, k) for k in range(len(of))}
    for core, entry in enumerate(mapped.cores):
        table = entry.table
        for row, number in enumerate(table.neurons.tolist()):
            name, neuron = numbers[number]
            assert mapped.core_of[name][neuron] == core
            slot = mapped.slots[name][neuron]
            assert loaded.to[core, slot] == table.cores[row] * 256 + table.axons[row]
            assert loaded.delays[core, slot] == table.delays[row]
            ends = entry.place, mapped.cores[table.cores[row]].place
            assert table.hops[row].sum() == mapped.chip.mesh.between(*ends)
        assert len(table) == (loaded.to[core] >= 0).sum()
        assert entry.memory["neurons"] == (entry.used["neurons"], 256.0)


def test_neurons_of_the_chip_need_no_input() -> None:
    """A population of the chip's own model, with nothing else in the network."""
    net = sp.Network(seed=1)
    cells = net.add(sp.Population("cells", 300, TrueNorthNeuron(leak=10.0, theta=100.0)))
    net.record(cells, "spikes")
    run = net.run(50.0, on=sp.chips.TrueNorth())
    assert len(run.mapped.cores) == 2 and (run["cells"].counts() == 5).all()


def test_all_violations_at_once() -> None:
    with pytest.raises(ValidationError, match=r"257 fan-in.*; .*20 delay"):
        fan(257, delay=20.0)


def decaying(model: Any) -> sp.Network:
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", 3, sp.SpikeSource()))
    cells = net.add(sp.Population("cells", 4, model))
    net.connect(source, cells, sp.AllToAll(), sp.Delta(weight=0.1, delay=1.0))
    return net


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (sp.DiscreteLIF(beta=0.9), "decays to 0.9.*constant leak"),
        (sp.Izhikevich(), "not linear"),
        (sp.LIF(), "fires|decays|currents"),
    ],
)
def test_what_it_cannot_do_is_refused(model: Any, says: str) -> None:
    with pytest.raises(SpikestackError, match=says):
        sp.chips.TrueNorth().quantise(decaying(model))


def test_loops_without_time_for_copies_are_named() -> None:
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", 2, sp.SpikeSource()))
    cells = net.add(sp.Population("cells", 300, integrator()))
    net.connect(source, cells, sp.AllToAll(), sp.Delta(weight=0.5, delay=1.0))
    net.connect(cells[:2], cells, sp.AllToAll(), sp.Delta(weight=0.5, delay=1.0), name="loop")
    with pytest.raises(ValidationError, match=r"'loop'.*takes 1 steps; 2 steps at least"):
        sp.chips.TrueNorth().map(net)


# ---------------------------------------------------------------------------- description


@pytest.mark.parametrize("chip", [sp.chips.TrueNorth(), sp.chips.RANC()])
def test_numbers_are_described_with_their_sources(chip: Any) -> None:
    for name, figure in chip.figures().items():
        assert figure.source and figure.unit and isinstance(figure.grade, Grade), name
        assert str(figure) in chip.describe()
    assert int(chip.cores) == chip.mesh.size


# ---------------------------------------------------------------------------- digits


def test_digits_are_read_without_loss() -> None:
    """The reader of 4-bit weights is exact: quantised answers are the description's."""
    net = sp.zoo.load("digits-camera-chips")
    quantised = sp.chips.TrueNorth().quantise(net)
    assert all(loss.error == 0.0 for loss in quantised.losses.values())
    assert task("digits-camera").name == "digits-camera"
    assert quantised.codes == {"edges": "4 bits", "shapes": "4 bits"}


@pytest.mark.slow
def test_digits_on_cores_answer_as_described() -> None:
    from spikestack.chips.evaluating import infer, present

    net = sp.zoo.load("digits-camera-chips")
    mapped = sp.chips.TrueNorth().map(net)
    inputs, labels = task("digits-camera").samples("test")
    samples = inputs[:60].reshape(60, inputs.shape[1], -1)
    described = present(sp.chips.TrueNorth().quantise(net), samples)
    found = infer(mapped, samples[:10], progress=False)
    assert np.array_equal(present(mapped.quantised, samples), described)
    assert np.array_equal(found.answers, described[:10])
    assert (described.argmax(1) == labels[:60]).mean() > 0.9
