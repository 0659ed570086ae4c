"""Packets on their way: the simple model where nothing meets, later where something does."""

from __future__ import annotations

import numpy as np
import pytest
from test_loihi import Small, layered

import spikestack as sp
from spikestack.chips.catalogue.loihi import Loihi
from spikestack.chips.mapping.cores import MappedNetwork
from spikestack.chips.messages.network import Packets, simulate
from spikestack.chips.messages.scheduler import pop, push, scheduler
from spikestack.chips.messages.timing import run_messages
from spikestack.chips.running import run_mapped
from spikestack.errors import ValidationError


def test_events_come_in_order_of_time_and_those_of_one_time_as_they_were_put() -> None:
    rng = np.random.default_rng(0)
    times = rng.integers(0, 40, 500)
    queue = scheduler(500)
    for k, time in enumerate(times.tolist()):
        push(queue, time, k)
    found = [pop(queue) for _ in range(500)]
    assert [k for _, k in found] == np.argsort(times, kind="stable").tolist()
    assert pop(queue) == (-1, -1)


def line(packets: int, targets: int, capacity: int = 1024, drops: bool = False, **more: int):
    """Packets from cores in a row over one link each to shared targets; 5 ps, 10 ps of work."""
    source = np.arange(packets) + targets
    target = np.arange(packets) % targets
    return simulate(
        Packets(
            source, target, np.full(packets, 7), np.full(packets, more.get("work", 10)),
            np.arange(packets + 1), target.astype(np.int64),
        ),
        np.zeros(packets + targets, np.int64), np.full(targets, 5), capacity, drops, False,
    )  # fmt: skip


def test_packets_wait_for_links_and_for_cores() -> None:
    alone = line(1, 1)
    assert alone.finished.tolist() == [7 + 5 + 10, 12]
    many = line(4, 1)
    # One after the other over the link; the core works on one while the next comes.
    assert many.finished[1:].tolist() == [12, 17, 22, 27]
    assert many.finished[0] == 12 + 4 * 10
    assert many.queue == 3 and many.waited.tolist() == [0, 5, 10, 15]
    assert line(4, 4).finished.max() == 22


def test_more_packets_take_longer() -> None:
    found = [line(n, 1).finished.max() for n in range(1, 40)]
    assert (np.diff(found) > 0).all()


def test_full_buffers_hold_packets_back_or_lose_them() -> None:
    held = line(8, 1, capacity=1, work=100)
    assert not held.dropped.any() and held.buffered[0] == 1
    assert held.finished[0] == 12 + 8 * 100
    lost = line(8, 1, capacity=1, drops=True, work=100)
    assert lost.dropped.tolist() == [False, False] + [True] * 6
    assert lost.finished[0] == 12 + 2 * 100


@pytest.fixture(scope="module")
def mapped() -> MappedNetwork:
    return Small().map(layered())


def test_a_run_with_packets_spikes_as_any(mapped: MappedNetwork) -> None:
    found = run_messages(mapped, 40)
    plain = run_mapped(mapped, 40)
    for name in ("first", "second"):
        record = plain.integers[name]
        steps, ids = found.spikes[name]
        assert set(zip(steps.tolist(), ids.tolist(), strict=True)) == set(
            zip(np.rint(record.times).astype(int).tolist(), record.ids.tolist(), strict=True)
        ), name
    for name in ("messages", "messages in", "dense events", "driven updates"):
        assert found.ledger.total(name) == plain.ledger.total(name), name
    assert np.allclose(found.simple_seconds, plain.step_seconds)
    assert (found.step_seconds >= found.simple_seconds - 1e-15).all()
    hops = found.ledger.total("hops east-west") + found.ledger.total("hops north-south")
    assert found.link_loads.sum() == hops
    assert found.dropped.sum() == 0


def quiet(neurons: int) -> sp.Network:
    """One neuron that is driven, and neurons that it reaches."""
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", 1, sp.SpikeSource()))
    model = sp.NeuronModel(
        "v[t+1] = 0.5*v : 1", threshold="v >= 1", reset="v = 0", dimensionless=True,
        default_synapse="Delta",
    )  # fmt: skip
    cells = net.add(sp.Population("cells", neurons, model))
    net.drive(source, sp.SpikeTrains(times=[1.0, 5.0], ids=[0, 0]))
    net.connect(source, cells[:1], sp.AllToAll(), sp.Delta(weight=2.0, delay=1.0))
    net.connect(cells[:1], cells[1:9], sp.AllToAll(), sp.Delta(weight=0.1, delay=1.0))
    net.record(cells, "spikes")
    return net


def test_packets_that_meet_nothing_take_the_simple_time() -> None:
    found = run_messages(Loihi().map(quiet(64)), 8)
    assert np.allclose(found.step_seconds, found.simple_seconds, rtol=1e-9)
    assert found.waited.sum() == 0 and found.ledger.total("messages") > 0


def test_what_is_dropped_does_not_arrive(mapped: MappedNetwork) -> None:
    whole = run_messages(mapped, 60)
    lossy = run_messages(mapped, 60, buffer=1, full="drop")
    assert lossy.dropped.sum() > 0
    assert lossy.ledger.total("dropped") == lossy.dropped.sum()
    assert len(lossy.spikes["second"][0]) != len(whole.spikes["second"][0])
    again = run_messages(mapped, 60, buffer=1, full="drop")
    assert np.array_equal(again.dropped, lossy.dropped)
    stalled = run_messages(mapped, 60, buffer=1)
    assert stalled.dropped.sum() == 0 and stalled.peak_buffer.max() == 1
    for name in whole.spikes:
        assert np.array_equal(stalled.spikes[name][1], whole.spikes[name][1]), name


def test_settings_that_are_none_are_refused(mapped: MappedNetwork) -> None:
    with pytest.raises(ValidationError, match="full"):
        run_messages(mapped, 1, full="lose")
    with pytest.raises(ValidationError, match="buffer"):
        run_messages(mapped, 1, buffer=0)
