"""A mapped run: the same spikes on any cores, every event counted where it happened."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from test_loihi import Small, layered

import spikestack as sp
from spikestack.chips.catalogue.loihi import Loihi
from spikestack.chips.counting import count_spikes
from spikestack.chips.running import ChipRun, run_mapped
from spikestack.errors import ValidationError
from spikestack.program.edge_list import edge_list
from spikestack.program.lower import lower


@pytest.fixture(scope="module")
def found() -> ChipRun:
    return run_mapped(Small().map(layered()), 202)


def test_spikes_do_not_depend_on_the_cores(found: ChipRun) -> None:
    alone = found.mapped.quantised.network.run(202.0, dt=1.0, precision="float64")
    assert alone.same_spikes(found)
    whole = run_mapped(Loihi().map(layered()), 202)
    assert len(whole.mapped.cores) == 1 < len(found.mapped.cores)
    assert whole.same_spikes(found)
    assert np.array_equal(alone["out", "v"].values, found.integers["out", "v"].values)
    for name in ("spikes", "dense events", "driven updates", "accesses", "host words out"):
        assert whole.ledger.total(name) == found.ledger.total(name), name
    assert whole.ledger.total("hops east-west") == 0


def test_every_event_is_counted_where_it_happens(found: ChipRun) -> None:
    """Counted once more from all spikes and all synapses, one by one."""
    network, mapped = found.mapped.quantised.network, found.mapped
    at, ids = np.nonzero(np.random.default_rng(0).random((200, 40)) < 0.1)
    core_of = mapped.core_of | {"source": np.full(40, -1)}
    program = lower(network, 1.0, "float64", 1)
    events, packets = np.zeros(len(mapped.cores), int), set()
    for e in program.edges:
        pre, post = (program.populations[k].name for k in (e.pre, e.post))
        edges = edge_list(e)
        if pre == "source":
            spikes = list(zip(at.tolist(), ids.tolist(), strict=True))
        else:
            record = found[pre]
            spikes = list(zip(record.times.tolist(), record.ids.tolist(), strict=True))
        for t, i in spikes:
            cores = core_of[post][edges.post[edges.pre == i]]
            events += np.bincount(cores, minlength=len(mapped.cores))
            packets |= {(pre, t, i, c) for c in cores.tolist()}
    assert np.array_equal(found.ledger.counts["dense events"], events)
    arrived = np.bincount([c for *_, c in packets], minlength=len(mapped.cores))
    assert np.array_equal(found.ledger.counts["messages in"], arrived)
    inside = [p for p in packets if p[0] != "source"]
    pairs = Counter((core_of[pre][i], c) for pre, _, i, c in packets)
    assert {(a, b): n for a, b, n in found.ledger.packets.tolist()} == pairs
    dynamic = found.bill().dynamic
    assert Loihi.prices["fit"].by_core(found.ledger).sum() == pytest.approx(sum(dynamic.values()))
    assert found.ledger.total("messages") == len(inside)
    assert found.ledger.total("host words in") == len(packets) - len(inside)
    ways = [
        (mapped.cores[core_of[pre][i]].place // 4, mapped.cores[c].place // 4)
        for pre, _, i, c in inside
    ]
    assert found.ledger.total("hops east-west") == sum(abs(a % 8 - b % 8) for a, b in ways)
    assert found.ledger.total("hops north-south") == sum(abs(a // 8 - b // 8) for a, b in ways)


def test_steps_add_up(found: ChipRun) -> None:
    for name, counted in found.ledger.by_step.items():
        assert counted.shape == (202, len(found.mapped.cores))
        assert np.array_equal(counted.sum(0), found.ledger.counts[name]), name
    ledger = found.ledger
    assert ledger.total("accesses") == 202 * 75
    assert ledger.total("idle updates") + ledger.total("driven updates") == 202 * 75


def test_an_idle_chip_takes_the_time_of_looking(found: ChipRun) -> None:
    """64 neurons with nothing to do: 64 x 6.0 ns and a barrier of 600 ns, as SANA-FE has it."""
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", 1, sp.SpikeSource()))
    model = sp.NeuronModel(
        "v[t+1] = 0.5*v : 1", threshold="v >= 1", reset="v = 0", dimensionless=True,
        default_synapse="Delta",
    )  # fmt: skip
    cells = net.add(sp.Population("cells", 64, model))
    net.connect(source, cells, sp.AllToAll(), sp.Delta(weight=0.1, delay=1.0))
    net.record(cells, "spikes")
    idle = run_mapped(Loihi().map(net), 10)
    assert np.allclose(idle.step_seconds, 984e-9, rtol=1e-12)
    assert idle.ledger.total("driven updates") == idle.ledger.total("spikes") == 0
    bill = idle.bill()
    assert bill.dynamic["accesses"] == pytest.approx(640 * 51.2e-12)
    assert bill.static == pytest.approx(0.104 * 0.01)
    assert idle.late_steps == 0
    assert found.bill().total > found.bill("published").static > 0


def test_a_chip_is_an_engine(found: ChipRun) -> None:
    again = layered().run(202.0, on=sp.chips.Loihi())
    assert isinstance(again, sp.chips.ChipRun) and again.same_spikes(found)
    assert again.mapped.chip.name == again.provenance["engine"] == "Loihi"
    assert again.hardware_seconds == pytest.approx(0.202) and again.speedup == pytest.approx(1)
    assert set(again.late) == {"source", "first", "second", "out"}
    with pytest.raises(ValidationError, match="trials"):
        layered().run(10.0, on=sp.chips.Loihi(), trials=2)
    with pytest.raises(AttributeError):
        _ = sp.chips.NoSuchChip
    assert "Loihi" in dir(sp.chips)


def test_potentials_come_back_in_the_units_of_the_description(found: ChipRun) -> None:
    described = layered().run(200.0, dt=1.0)
    late = found.late["out"]
    mine, theirs = found["out", "v"].values[0], described["out", "v"].values[0]
    apart = np.abs(mine[late : late + 50] - theirs[:50])
    assert apart.max() < 0.1 * np.abs(theirs[:50]).max()
    assert np.abs(found.integers["out", "v"].values).max() > 1000


def test_spikes_of_another_kernel_are_counted_alike(found: ChipRun) -> None:
    network = found.mapped.quantised.network
    spikes = {n: (np.rint(r.times).astype(int) - 1, r.ids) for n, r in found.spikes.items()}
    at, ids = np.nonzero(np.random.default_rng(0).random((200, 40)) < 0.1)
    counted = count_spikes(found.mapped, spikes | {"source": (at, ids)}, 202)
    for name in ("dense events", "messages", "spikes", "hops north-south", "host words in"):
        assert np.array_equal(counted.counts[name], found.ledger.counts[name]), name
    assert 0 < counted.total("driven updates") <= found.ledger.total("driven updates")
    assert network.populations["out"].size == 5


def test_simulated_steps_of_any_length_mean_the_same() -> None:
    """A network of steps of 0.5 ms: the same spikes at half the times."""
    whole = sp.Network(seed=1)
    cells = whole.add(sp.Population("cells", 20, sp.LIF(tau_m=20.0, tau_refrac=3.0)))
    source = whole.add(sp.Population("source", 5, sp.SpikeSource()))
    times = np.sort(np.random.default_rng(2).choice(np.arange(1, 200), 150)) * 0.5
    whole.drive(source, sp.SpikeTrains(times=times, ids=np.arange(150) % 5))
    whole.connect(source, cells, sp.AllToAll(), sp.ExponentialCurrent(weight=1.5, delay=1.0))
    whole.record(cells, "spikes")
    run = whole.run(100.0, dt=0.5, on=sp.chips.Loihi())
    assert run.duration == 100.0 and run.ledger.total("steps") == 200
    exact = whole.run(100.0, dt=0.5)
    assert len(exact["cells"].times) > 20
    assert abs(len(run["cells"].times) - len(exact["cells"].times)) <= len(exact["cells"].times) / 5
