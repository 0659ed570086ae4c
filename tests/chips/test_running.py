"""A mapped run: the same spikes on any cores, every event counted where it happened."""

from __future__ import annotations

import numpy as np
import pytest
from test_loihi import Small, layered

import spikestack as sp
from spikestack.chips.catalogue.loihi import Loihi
from spikestack.chips.running import ChipRun, run_mapped
from spikestack.program.edge_list import edge_list
from spikestack.program.lower import lower


@pytest.fixture(scope="module")
def found() -> ChipRun:
    return run_mapped(Small().map(layered()), 202)


def test_spikes_do_not_depend_on_the_cores(found: ChipRun) -> None:
    alone = found.mapped.quantised.network.run(202.0, dt=1.0, precision="float64")
    assert alone.same_spikes(found.recording)
    whole = run_mapped(Loihi().map(layered()), 202)
    assert len(whole.mapped.cores) == 1 < len(found.mapped.cores)
    assert whole.recording.same_spikes(found.recording)
    assert np.array_equal(alone["out", "v"].values, found.recording["out", "v"].values)
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
            record = found.recording[pre]
            spikes = list(zip(record.times.tolist(), record.ids.tolist(), strict=True))
        for t, i in spikes:
            cores = core_of[post][edges.post[edges.pre == i]]
            events += np.bincount(cores, minlength=len(mapped.cores))
            packets |= {(pre, t, i, c) for c in cores.tolist()}
    assert np.array_equal(found.ledger.counts["dense events"], events)
    arrived = np.bincount([c for *_, c in packets], minlength=len(mapped.cores))
    assert np.array_equal(found.ledger.counts["messages in"], arrived)
    inside = [p for p in packets if p[0] != "source"]
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
