"""Loihi: described with sources, networks in its numbers, neurons on its cores."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import spikestack as sp
from spikestack.chips.catalogue.loihi import Loihi
from spikestack.chips.figures import Figure, Grade
from spikestack.chips.ledger import Ledger
from spikestack.chips.limits import Limit
from spikestack.chips.pricing import Prices, Scope
from spikestack.errors import SpikestackError, UnknownNameError, ValidationError

VECTORS = Path(__file__).parent.parent / "vectors" / "chips"


def hard(beta: float = 0.9) -> sp.NeuronModel:
    """A discrete neuron that is reset to 0."""
    return sp.NeuronModel(
        "v[t+1] = beta*v : 1",
        threshold="v >= 1",
        reset="v = 0",
        parameters={"beta": beta},
        dimensionless=True,
        default_synapse="Delta",
    )


def layered(seed: int = 0, beta: float = 0.9, whole: bool = False) -> sp.Network:
    """Two layers, a connection that skips one, and a readout; all within one step.

    Weights may be whole multiples of 1/128.
    """
    rng = np.random.default_rng(seed)
    net = sp.Network(seed=3)
    source = net.add(sp.Population("source", 40, sp.SpikeSource()))
    first = net.add(sp.Population("first", 60, hard(beta)))
    second = net.add(sp.Population("second", 10, hard(beta)))
    out = net.add(sp.Population("out", 5, sp.LeakyIntegrator(beta=0.95)))
    at, ids = np.nonzero(rng.random((200, 40)) < 0.1)
    net.drive(source, sp.SpikeTrains(times=at + 1.0, ids=ids))
    now = sp.Delta(weight=1.0, delay=0.0)
    for pre, post, mean in ((source, first, 0.1), (first, second, 0.05), (source, second, 0.0)):
        weights = rng.normal(mean, 0.2, (pre.size, post.size))
        if whole:
            weights = np.clip(np.rint(128 * weights), -127, 127) / 128
        net.connect(pre, post, sp.Dense(weights), now)
    net.connect(second, out, sp.Dense(rng.normal(0, 0.3, (10, 5))), now)
    for population in (first, second):
        net.record(population, "spikes")
    net.record(out, "v")
    return net


def events(record: sp.SpikeRecord, late: int = 0, until: float = 1e9) -> set[tuple[int, int]]:
    steps = np.rint(record.times).astype(int)
    kept = steps <= until
    return set(zip((steps + late)[kept].tolist(), record.ids[kept].tolist(), strict=True))


# ---------------------------------------------------------------------------- description


def test_every_number_has_unit_grade_and_source() -> None:
    figures = Loihi().figures()
    assert len(figures) > 40
    for name, figure in figures.items():
        assert figure.source and figure.unit and isinstance(figure.grade, Grade), name
        assert str(figure) in Loihi().describe()
    with pytest.raises(ValidationError, match="no source"):
        Figure(1.0, "pJ", Grade.MAKER, " ")
    with pytest.raises(ValidationError, match="not published"):
        float(Figure(None, "pJ", Grade.MAKER, "brief"))


def test_what_a_chip_has_follows_from_its_cores() -> None:
    chip = Loihi()
    assert int(chip.cores) * int(chip.neurons_per_core) == 131_072
    assert int(chip.cores) * int(chip.synapse_memory) * 8 == 2**24
    assert chip.mesh.size * chip.tile == int(chip.cores) == int(chip.tiles) * 4


def test_settings_keep_their_source() -> None:
    step = Figure(10.0, "us", Grade.DERIVED, "a run of ours")
    assert Loihi(step=step).step is step and Loihi().step is not step
    with pytest.raises(UnknownNameError):
        Loihi(cores=step)
    with pytest.raises(ValidationError, match="Figure"):
        Loihi(step=0.01)  # type: ignore[arg-type]


# ---------------------------------------------------------------------------- prices


@pytest.mark.parametrize("row", json.loads((VECTORS / "sana_fe.json").read_text()))
def test_counts_of_sana_fe_give_its_energies(row: dict) -> None:
    """Counted and priced by SANA-FE 2.2.9 on random networks."""
    kind = {"loihi_dense_synapse": "dense", "loihi_sparse_synapse": "sparse"}
    events = f"{kind.get(row['synapse'], 'convolutional')} events"
    counts = {
        "accesses": row["neurons"] * row["steps"], "driven updates": row["updated"],
        "spikes": row["fired"], events: row["events"], "messages": row["packets"],
        "hops east-west": row["hops_x"], "hops north-south": row["hops_y"],
    }  # fmt: skip
    ledger = Ledger({name: np.array([number]) for name, number in counts.items()})
    bill = Loihi.prices["fit"].of(ledger, row["sim_time"], chips=0)
    parts = {
        "synapse": [events],
        "soma": ["accesses", "driven updates", "spikes"],
        "network": ["messages", "hops east-west", "hops north-south"],
    }
    for part, names in parts.items():
        found = sum(bill.dynamic[name] for name in names)
        assert found == pytest.approx(row["energy"][part], rel=1e-12)
    assert bill.total == pytest.approx(row["energy"]["total"], rel=1e-12)
    assert bill.static == bill.host == 0.0


def test_idle_chips_draw_static_power_only() -> None:
    bill = Loihi.prices["fit"].of(Ledger({"steps": np.array([1000])}), 1.0)
    assert bill.total == bill.static == pytest.approx(0.104)
    assert bill.power == pytest.approx(0.104)


def test_energy_adds_over_time() -> None:
    rng = np.random.default_rng(0)
    parts = [
        Ledger({n: rng.integers(0, 1000, 4) for n in ("spikes", "messages", "dense events")})
        for _ in range(2)
    ]
    prices = Loihi.prices["fit"]
    apart = sum(prices.of(part, 0.5).total for part in parts)
    assert prices.of(parts[0] + parts[1], 1.0).total == pytest.approx(apart, rel=1e-12)


def test_all_in_prices_stand_alone() -> None:
    price = Figure(26.0, "pJ", Grade.SILICON, "Merolla et al. 2014")
    power = Figure(1.0, "mW", Grade.SILICON, "Merolla et al. 2014")
    Prices("whole chip", Scope.ALL_IN, {"sparse events": price})
    with pytest.raises(ValidationError, match="all-in"):
        Prices("twice", Scope.ALL_IN, {"sparse events": price}, {"chip": power})
    with pytest.raises(UnknownNameError):
        Prices("typo", Scope.PER_TERM, {"spike": price})
    with pytest.raises(ValidationError, match="in pJ"):
        Prices("time", Scope.PER_TERM, {"spikes": price}, time={"spikes": price})


def test_counts_are_counts() -> None:
    with pytest.raises(UnknownNameError):
        Ledger({"spike": np.array([1])})
    for bad in (np.array([-1]), np.array([0.5])):
        with pytest.raises(ValidationError, match="no count"):
            Ledger({"spikes": bad})


# ---------------------------------------------------------------------------- numbers


def test_layers_spike_alike_a_step_later_each() -> None:
    net = layered()
    made = Loihi().quantise(net)
    assert made.late == {"source": 0, "first": 0, "second": 1, "out": 2}
    ours, theirs = net.run(200.0, dt=1.0), made.network.run(202.0, dt=1.0, precision="float64")
    for name in ("first", "second"):
        late = made.late[name]
        given, found = events(ours[name], late), events(theirs[name], 0, 200 + late)
        assert len(given & found) > 0.8 * len(given | found) > 300
    late, scale = made.late["out"], made.scales["out"][0]
    v = theirs["out", "v"].values.reshape(202, 5)[late : 200 + late] / scale
    expected = ours["out", "v"].values.reshape(200, 5)
    assert np.corrcoef(v.ravel(), expected.ravel())[0, 1] > 0.98


def test_what_the_chip_holds_exactly_is_computed_exactly() -> None:
    """Without leaks, and with weights of 8 bits, every spike is the description's."""
    net = layered(beta=1.0, whole=True)
    made = Loihi().quantise(net)
    exact = ("source->first", "first->second", "source->second")
    assert all(made.losses[name].error == 0.0 for name in exact)
    ours, theirs = net.run(200.0, dt=1.0), made.network.run(202.0, dt=1.0, precision="float64")
    for name in ("first", "second"):
        late = made.late[name]
        given = events(ours[name], late)
        assert len(given) > 100
        assert given == events(theirs[name], 0, 200 + late)


def test_numbers_are_those_that_the_chip_holds() -> None:
    made = Loihi().quantise(layered())
    for projection in made.network.projections.values():
        weights = projection.synapse.weight / 64.0
        assert np.array_equal(weights, np.rint(weights))
        unit = 2.0 ** np.floor(np.log2(np.abs(weights).max() / 127))
        assert (np.abs(weights / unit) <= 256).all()
    for name in made.scales:
        values = made.network.populations[name].model.values
        for parameter in ("decay_u", "decay_v", "theta", "bias"):
            assert np.array_equal(values[parameter], np.rint(values[parameter]))
        assert (np.asarray(values["theta"]) % 64 == 0).all()
    assert all(loss.error < 0.02 for loss in made.losses.values()), str(made)


def test_membranes_with_currents_and_refractoriness() -> None:
    net = sp.Network(seed=5)
    source = net.add(sp.Population("source", 50, sp.PoissonSource(rate=40.0)))
    cells = net.add(sp.Population("cells", 100, sp.LIF(tau_refrac=2.0, v_reset=-62.0)))
    rule = sp.FixedInDegree(10)
    net.connect(source, cells, rule, sp.ExponentialCurrent(weight=0.9, delay=1.0, tau_syn=5.0))
    late = sp.ExponentialCurrent(weight=0.02, delay=sp.Uniform(1.0, 5.0), tau_syn=5.0)
    net.connect(cells, cells, rule, late)
    net.record(cells, "spikes")
    made = Loihi().quantise(net)
    ours = net.run(500.0, dt=1.0)["cells"]
    theirs = made.network.run(500.0, dt=1.0, precision="float64")["cells"]
    assert len(theirs.times) == pytest.approx(len(ours.times), rel=0.02)
    assert len(events(ours) & events(theirs)) > 0.6 * len(ours.times) > 1000


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"model": sp.DiscreteLIF(beta=0.9)}, "reset to a value"),
        ({"model": sp.Izhikevich()}, "not linear"),
        ({"model": sp.GradedReLU()}, "sends values|reset|fires"),
        ({"model": sp.SigmaDelta()}, "remembers its spikes by sent"),
    ],
)
def test_what_it_cannot_do_is_refused(change: dict, says: str) -> None:
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", 3, sp.SpikeSource()))
    cells = net.add(sp.Population("cells", 4, change["model"]))
    net.connect(source, cells, sp.AllToAll(), sp.Delta(weight=0.1, delay=1.0))
    with pytest.raises(SpikestackError, match=says):
        Loihi().quantise(net)


def test_loops_that_are_too_short_are_named() -> None:
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", 2, sp.SpikeSource()))
    one, two = (net.add(sp.Population(name, 2, hard())) for name in ("one", "two"))
    now, later = (sp.Delta(weight=0.1, delay=delay) for delay in (0.0, 1.0))
    net.connect(source, one, sp.AllToAll(), now)
    net.connect(one, two, sp.AllToAll(), now)
    net.connect(two, one, sp.AllToAll(), later)
    with pytest.raises(ValidationError, match=r"'one->two'.*takes 1 steps; 2 steps at least"):
        Loihi().quantise(net)


# ---------------------------------------------------------------------------- cores


class Small(Loihi):
    """A Loihi of small cores."""

    limits = tuple(
        replace(limit, most=replace(limit.most, value=value)) if limit.per == "core" else limit
        for limit, value in zip(Loihi.limits, (24, 2000, 200, 110, *(0,) * 3), strict=False)
    )


def test_neurons_are_on_cores_that_hold_them() -> None:
    made = Small().map(layered())
    used = {name: max(core.used[name] for core in made.cores) for name in made.cores[0].used}
    most = {limit.counts: float(limit.most) for limit in made.chip.limits if limit.per == "core"}
    assert all(used[name] <= most[name] for name in most)
    assert len({core.place for core in made.cores}) == len(made.cores) >= 4
    for name, size in (("first", 60), ("second", 10), ("out", 5)):
        found = np.sort(np.concatenate([c.neurons.get(name, []) for c in made.cores]))
        assert np.array_equal(found, np.arange(size))
        for k, core in enumerate(made.cores):
            assert (made.core_of[name][core.neurons.get(name, np.zeros(0, int))] == k).all()
    assert "cores, most on one of them" in str(made)


@pytest.mark.parametrize("extra", [0, 1])
def test_a_core_takes_as_many_neurons_as_it_holds(extra: int) -> None:
    """One core holds 24; of 128 cores, each takes its share and no more."""
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", 1, sp.SpikeSource()))
    cells = net.add(sp.Population("cells", 24 + extra, hard()))
    net.connect(source, cells, sp.AllToAll(), sp.Delta(weight=0.5, delay=1.0))
    assert len(Small().map(net).cores) == 1 + extra


def test_a_chip_that_is_too_small_says_what_lacks() -> None:
    class Tiny(Loihi):
        cores = Figure(2, "cores", Grade.DERIVED, "this test")
        limits: tuple[Limit, ...] = Small.limits

    with pytest.raises(ValidationError, match=r"2 cores at most.*use more chips"):
        Tiny().map(layered())
