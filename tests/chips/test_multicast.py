"""Packets along trees: by hand where few meet, as any run where none do, late where many do."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_loihi import Small, layered
from test_spinnaker import SMALL, network

import spikestack as sp
from spikestack.chips.catalogue.spinnaker import SpiNNaker
from spikestack.chips.figures import Figure, Grade
from spikestack.chips.messages.branches import AGAIN, AROUND, QUEUE, THROWN, Sent, TreeSettings
from spikestack.chips.messages.multicast import branches_of, run_multicast
from spikestack.chips.messages.timing import run_messages
from spikestack.chips.messages.trees import Branches, TreeStep, simulate_trees
from spikestack.chips.routing.machine import Machine
from spikestack.chips.routing.mapping import RoutedNetwork
from spikestack.chips.routing.trees import tree_to
from spikestack.errors import ValidationError


def machine_of(machine: Machine, cores: list[int], reached: dict[int, list[int]]) -> Branches:
    """Trees between cores, each given by its chip."""
    trees = {c: tree_to(machine, cores[c], [cores[to] for to in to_]) for c, to_ in reached.items()}
    mapped = SimpleNamespace(
        machine=machine, cores=[SimpleNamespace(place=chip) for chip in cores], trees=trees,
        chip=SimpleNamespace(cores=1), reached={c: np.array(to) for c, to in reached.items()},
    )  # fmt: skip
    return branches_of(mapped)  # type: ignore[arg-type]


def send(
    trees: Branches, packets: list[int], given_: TreeSettings, work: int = 7, before: int = 3
) -> TreeStep:
    """So many packets of each core, each looked at for `work` ps."""
    cores = len(packets)
    source = np.repeat(np.arange(cores), packets)
    many = np.diff(trees.gives[trees.nodes])[source].sum()
    none = np.zeros(cores, np.int64)
    return simulate_trees(
        trees,
        Sent(
            np.concatenate([[0], np.cumsum(packets)]), source, np.full(len(source), before),
            np.full(many, work), none, np.zeros(len(trees.via), np.int64), none,
        ),
        given_,
    )  # fmt: skip


CALM = TreeSettings(10, 10**6, 0, 10**6, True)


def test_a_packet_branches_and_takes_a_link_at_a_time() -> None:
    machine = Machine.torus(8, 8)
    number = machine.number
    cores = [number[0, 0], number[1, 0], number[2, 0], number[1, 1]]
    trees = machine_of(machine, cores, {0: [0, 1, 2, 3]})
    found = send(trees, [1, 0, 0, 0], CALM)
    # Sent at 3; at itself at once, at its neighbours after one link, behind one of them after two.
    at = dict(zip(trees.core.tolist(), found.begun.tolist(), strict=True))
    assert at == {0: 3, 1: 13, 2: 23, 3: 13}
    assert found.finished.tolist() == [10, 20, 30, 20]
    assert found.loads.sum() == 3 and not found.lost.any() and found.waited == 0


def test_packets_wait_for_links_and_go_in_order() -> None:
    machine = Machine.torus(8, 8)
    number = machine.number
    cores = [number[0, 0], number[0, 0], number[1, 0]]
    trees = machine_of(machine, cores, {0: [2], 1: [2]})
    found = send(trees, [2, 2, 0], CALM, work=1)
    # Two cores send at 3 and at 6 over the same link, which takes 10.
    assert sorted(found.begun.tolist()) == [13, 23, 33, 43]
    assert found.begun.tolist() == [13, 33, 23, 43]
    assert found.counts[QUEUE] == 3 and found.waited == 0 + 10 + 17 + 27


def test_routers_go_round_then_drop_and_software_sends_again() -> None:
    machine = Machine.torus(8, 8)
    number = machine.number
    cores = [number[0, 0], number[1, 0]]
    trees = machine_of(machine, cores, {0: [1]})
    patient = send(trees, [3, 0], TreeSettings(100, 1000, 0, 99, True), work=1, before=0)
    assert sorted(patient.begun.tolist()) == [100, 200, 300]
    # The second waits for 30 and goes round; the third finds that way taken, is dropped at 60 and
    # at 125, and goes straight at 130.
    hasty = send(trees, [3, 0], TreeSettings(100, 30, 5, 99, True), work=1, before=0)
    assert hasty.begun.tolist() == [100, 230, 231] and not hasty.lost.any()
    assert hasty.counts[AROUND] == 1 and hasty.counts[AGAIN] == 2
    assert hasty.loads[[trees.link[1], trees.via[trees.link[1]]]].tolist() == [2, 1]
    straight = send(trees, [3, 0], TreeSettings(100, 30, 5, 99, False), work=1, before=0)
    assert straight.counts[AROUND] == 0 and straight.counts[AGAIN] > 0
    # Waiting 30, dropped, 5 for software, again and again, until the link is free.
    assert sorted(straight.begun.tolist()) == [100, 200, 300]
    lossy = send(trees, [3, 0], TreeSettings(100, 30, -1, 99, False), work=1, before=0)
    assert lossy.counts[THROWN] == 2 and lossy.lost.tolist() == [False, True, True]
    dead = Machine.torus(8, 8, dead_links=[(0, 0, 1)])
    cut = machine_of(dead, [dead.number[0, 0], dead.number[1, 0]], {0: [1]})
    assert cut.via[cut.link[1]] == -1
    assert send(cut, [3, 0], TreeSettings(100, 30, -1, 99, True), 1, 0).counts[THROWN] == 2


def test_what_is_dropped_is_lost_for_all_behind_it() -> None:
    machine = Machine.torus(8, 8)
    number = machine.number
    cores = [number[k, 0] for k in range(4)]
    trees = machine_of(machine, cores, {0: [1, 2, 3], 1: [2]})
    busy = np.zeros(len(trees.via), np.int64)
    link = number[1, 0] * 6
    busy[link] = 10_000
    none = np.zeros(4, np.int64)
    sent = Sent(np.array([0, 1, 1, 1, 1]), np.array([0]), np.array([0]), np.ones(3, np.int64), none,
                busy, none)  # fmt: skip
    found = simulate_trees(trees, sent, TreeSettings(10, 50, -1, 9, False))
    assert dict(zip(trees.core[:3].tolist(), found.lost.tolist())) == {1: False, 2: True, 3: True}
    assert found.free[link] == 10_000
    full = send(trees, [5, 0, 0, 0], TreeSettings(1, 10**6, -1, 2, False), work=1000, before=0)
    assert full.lost.sum() == 3 * (5 - 3) and full.buffered.tolist() == [0, 2, 2, 2]


@settings(max_examples=40, deadline=None)
@given(
    st.integers(2, 5), st.integers(1, 8), st.integers(0, 2**32 - 1), st.integers(1, 40),
    st.booleans(),
)  # fmt: skip
def test_every_packet_comes_once_however_crowded(
    side: int, count: int, seed: int, wait: int, around: bool
) -> None:
    rng, machine = np.random.default_rng(seed), Machine.torus(side, side + 1)
    cores = rng.integers(machine.size, size=count).tolist()
    reached = {c: sorted(set(rng.integers(count, size=rng.integers(1, 5)).tolist()))
               for c in range(count) if rng.random() < 0.8}  # fmt: skip
    trees = machine_of(machine, cores, reached)
    packets = [int(rng.integers(0, 6)) if c in reached else 0 for c in range(count)]
    calm = send(trees, packets, CALM)
    links = sum(n * len(tree_to(machine, cores[c], [cores[t] for t in reached[c]]).links)
                for c, n in enumerate(packets) if n)  # fmt: skip
    assert calm.loads.sum() == links
    crowded = send(trees, packets, TreeSettings(50, wait, 3, 10**6, around))
    assert not crowded.lost.any() and (crowded.begun > 0).all()
    # Who goes round, or comes back dropped from halfway, crosses one link more.
    assert crowded.loads.sum() == links + crowded.counts[AROUND]
    again = send(trees, packets, TreeSettings(50, wait, 3, 10**6, around))
    assert np.array_equal(again.begun, crowded.begun)
    assert np.array_equal(again.counts, crowded.counts)


# ------------------------------------------------------------------------------------ runs


@pytest.fixture(scope="module")
def mapped() -> RoutedNetwork:
    return SpiNNaker(neurons_per_core=SMALL).map(network())


def test_a_run_whose_packets_do_not_crowd_spikes_as_any(mapped: RoutedNetwork) -> None:
    found = run_multicast(mapped, 60)
    plain = mapped.chip.execute(mapped, 60, False)
    record = plain.integers["cells"]
    steps, ids = found.spikes["cells"]
    assert set(zip(steps.tolist(), ids.tolist(), strict=True)) == set(
        zip(np.rint(record.times).astype(int).tolist(), record.ids.tolist(), strict=True)
    )
    assert len(steps) > 50
    for name in ("messages", "messages in", "hops between chips", "sparse events", "spikes"):
        assert found.ledger.total(name) == plain.ledger.total(name), name
    assert found.link_loads.sum() == plain.ledger.total("hops between chips") > 0
    assert found.link_loads.shape == (mapped.machine.size, 6)
    assert not (found.late.any() or found.again.any() or found.dropped.any())
    # Times are whole picoseconds.
    assert (found.step_seconds > found.simple_seconds * (1 - 1e-6)).all()
    assert (found.step_seconds < 1e-3).all()


def test_events_of_drives_are_heard() -> None:
    net = sp.Network(seed=1)
    cells = net.add(sp.Population("cells", 30, sp.LIF()))
    net.drive(cells, sp.Poisson(300.0, synapse=sp.ExponentialCurrent(weight=0.5, tau_syn=3.0)))
    net.record(cells, "spikes")
    mapped = SpiNNaker().map(net)
    found, plain = run_multicast(mapped, 40), mapped.chip.execute(mapped, 40, False)
    assert found.ledger.total("sparse events") == plain.ledger.total("sparse events") > 100
    assert np.allclose(found.simple_seconds, plain.step_seconds)


def crowded(rate: float, **settings: Figure) -> RoutedNetwork:
    figure = Figure(rate, "packets per s", Grade.DERIVED, "this test")
    return SpiNNaker(neurons_per_core=SMALL, link_rate=figure, **settings).map(network())


def test_packets_that_crowd_come_late_and_change_what_follows(mapped: RoutedNetwork) -> None:
    found = run_multicast(crowded(2000.0), 60)
    assert found.again.sum() == found.ledger.total("sent again") > 0 < found.around.sum()
    assert found.late.sum() > 0 and found.thrown.sum() == 0 and found.waited.sum() > 0
    calm = run_multicast(mapped, 60)
    assert not all(
        np.array_equal(found.spikes["cells"][k], calm.spikes["cells"][k]) for k in range(2)
    )
    twice = run_multicast(crowded(2000.0), 60)
    assert np.array_equal(found.spikes["cells"][1], twice.spikes["cells"][1])
    assert np.array_equal(found.link_loads, twice.link_loads)
    hops = found.ledger.total("hops between chips")
    assert found.link_loads.sum() >= hops > found.around.sum()


def test_packets_dropped_for_good_do_not_arrive() -> None:
    found = run_multicast(crowded(500.0), 60, again=False, around=False)
    assert found.thrown.sum() > 0 and found.dropped.sum() == found.ledger.total("dropped") > 0
    full = run_multicast(crowded(6e6), 60, buffer=1)
    assert full.thrown.sum() == 0 and full.peak_buffer.max() == 1


def test_a_slower_link_is_never_sooner() -> None:
    waited = [run_multicast(crowded(rate), 30).waited.sum() for rate in (6e6, 1e5, 1e4, 2e3)]
    assert waited == sorted(waited) and waited[0] < waited[-1]


def test_what_it_is_not_for_is_refused(mapped: RoutedNetwork) -> None:
    with pytest.raises(ValidationError, match="run_multicast"):
        run_messages(mapped, 1)
    with pytest.raises(ValidationError, match="run_messages"):
        run_multicast(Small().map(layered()), 1)
    with pytest.raises(ValidationError, match="buffer"):
        run_multicast(mapped, 1, buffer=0)
    with pytest.raises(ValidationError, match="no times"):
        run_multicast(sp.chips.SpiNNaker2().map(network()), 1)
