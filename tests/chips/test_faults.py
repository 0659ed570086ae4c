"""Chips with defects, and several chips: who is where, which way packets go, what changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_loihi import Small, layered

import spikestack as sp
from spikestack.chips.catalogue.loihi import Loihi
from spikestack.chips.fabric.routers import WAYS, Fabric, fabric_of
from spikestack.chips.faults import Faults, with_faults
from spikestack.chips.figures import Figure, Grade
from spikestack.chips.ledger import Ledger
from spikestack.chips.mapping.contacts import contacts_of
from spikestack.chips.mapping.mesh import TRIANGULAR, Mesh
from spikestack.chips.messages.sizes import draw_sizes, step_against_size
from spikestack.chips.running import run_mapped
from spikestack.errors import ValidationError


class Tiny(Small):
    """One core at one router."""

    mesh = Mesh(1, 1)
    tile = 1
    cores = Figure(1, "core", Grade.UNVERIFIED, "this test")


# -------------------------------------------------------------------------------- ways


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 7), st.integers(1, 6), st.booleans(), st.booleans(), st.integers(0, 2**32 - 1)
)
def test_ways_are_shortest_and_lead_there(
    width: int, height: int, wraps: bool, triangular: bool, seed: int
) -> None:
    mesh = Mesh(width, height, TRIANGULAR if triangular else 0, wraps)
    fabric = Fabric(mesh, mesh, 1)
    a, b = np.random.default_rng(seed).integers(mesh.size, size=(2, 8))
    paths = fabric.paths(a, b)
    for k in range(8):
        links = paths.links[paths.starts[k] : paths.starts[k + 1]]
        assert len(links) == mesh.between(int(a[k]), int(b[k]))
        at = int(a[k])
        for link in links:
            assert link // len(WAYS) == at
            at = int(fabric.ends(np.array([link]))[0])
        assert at == b[k]


def test_packets_go_round_dead_links() -> None:
    chip = Loihi(faults=Faults(dead_links=[(0, 1), (9, 1)]))
    fabric = fabric_of(chip)
    found = fabric.paths(np.array([0, 0, 8]), np.array([1, 2, 9]))
    assert np.diff(found.starts).tolist() == [5, 4, 1]
    assert not set(found.links.tolist()) & set(fabric.dead.tolist())
    with pytest.raises(ValidationError, match="neighbours"):
        fabric_of(Loihi(faults=Faults(dead_links=[(0, 2)])))


def test_what_cannot_be_reached_is_refused() -> None:
    cut = [(0, 1), (0, 8)]
    fabric = fabric_of(Loihi(faults=Faults(dead_links=cut)))
    with pytest.raises(ValidationError, match="no way from router 0"):
        fabric.paths(np.array([0]), np.array([5]))


# ------------------------------------------------------------------------------- cores


def test_dead_cores_hold_nothing_and_change_no_spike() -> None:
    whole = run_mapped(Small().map(layered()), 60)
    used = {core.place for core in whole.mapped.cores}
    chip = Small(faults=Faults(dead_cores=sorted(used)[:2]))
    found = run_mapped(chip.map(layered()), 60)
    assert not {core.place for core in found.mapped.cores} & set(sorted(used)[:2])
    assert found.same_spikes(whole)
    with pytest.raises(ValidationError, match=r"dead_cores.*999"):
        Small(faults=Faults(dead_cores=[999])).map(layered())
    with pytest.raises(ValidationError, match="being dead"):
        Tiny(chips=4, faults=Faults(dead_cores=[0, 1, 2])).map(layered())


def test_cores_can_be_looked_at() -> None:
    found = run_mapped(Small().map(layered()), 40)
    mapped = found.mapped
    packets = {(a, b) for a, b, _ in found.ledger.packets.tolist() if a >= 0}
    for c, core in enumerate(mapped.cores):
        table = core.table
        assert {(c, int(to)) for to in table.cores} >= {(a, b) for a, b in packets if a == c}
        assert core.memory["neurons"][0] <= core.memory["neurons"][1]
        assert core.buffer == 1024 and core.power == "on" and core.engine == ()
        for to, hops in zip(table.cores, table.hops, strict=True):
            places = core.place // 4, mapped.cores[to].place // 4
            assert hops.sum() == mapped.chip.mesh.between(*places)


def test_several_chips_hold_what_one_does_not() -> None:
    with pytest.raises(ValidationError, match="1 cores at most"):
        Tiny().map(layered())
    found = run_mapped(Tiny(chips=4).map(layered()), 60)
    one = run_mapped(Small().map(layered()), 60)
    assert found.same_spikes(one)
    chips = np.array([core.place for core in found.mapped.cores])
    assert found.chips_used == len(set(chips.tolist())) > 1
    assert np.bincount(chips).max() == 1
    apart = 0
    for a, b, many in found.ledger.packets.tolist():
        if a >= 0:
            (ay, ax), (by, bx) = divmod(int(chips[a]), 2), divmod(int(chips[b]), 2)
            apart += many * (abs(ay - by) + abs(ax - bx))
    assert found.ledger.total("hops between chips") == apart > 0


# ----------------------------------------------------------------------------- weights


def test_wrong_weights_are_the_same_again_and_as_many_as_said() -> None:
    quantised = Loihi().quantise(layered(), 1.0)
    made = with_faults(quantised, Faults(stuck_synapses=0.1, seed=3))
    name = "source->first"
    was = quantised.network.connections(name, dt=1.0, precision="float64").weight
    now = made.network.connections(name, dt=1.0, precision="float64").weight
    changed = now != was
    assert set(now[changed].tolist()) == {0.0}
    assert 0.07 < changed.mean() < 0.13
    again = with_faults(quantised, Faults(stuck_synapses=0.1, seed=3))
    same = again.network.connections(name, dt=1.0, precision="float64").weight
    assert np.array_equal(same, now)
    flipped = with_faults(quantised, Faults(bit_flips=0.01))
    other = flipped.network.connections(name, dt=1.0, precision="float64").weight
    unit = np.gcd.reduce(np.abs(was).astype(int))
    assert 0.04 < (other != was).mean() < 0.12
    assert np.array_equal(other % unit, np.zeros_like(other))
    assert np.abs(other).max() <= 128 * unit
    listed = with_faults(quantised, Faults(stuck_synapses={name: [0, 5]}))
    only = listed.network.connections(name, dt=1.0, precision="float64").weight
    assert set(np.flatnonzero(only != was).tolist()) <= {0, 5}
    assert any("weights are not those meant" in note for note in made.notes)


def test_a_chip_with_wrong_weights_runs_otherwise() -> None:
    whole = run_mapped(Loihi().map(layered()), 60)
    found = run_mapped(Loihi(faults=Faults(bit_flips=0.05)).map(layered()), 60)
    assert not found.same_spikes(whole)
    for share in (-0.1, 1.5):
        with pytest.raises(ValidationError, match="0 to 1"):
            Faults(bit_flips=share)


# -------------------------------------------------------------------------- invariants


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 60), st.integers(1, 9), st.integers(0, 200), st.integers(0, 2**32 - 1))
def test_contacts_count_every_synapse_once(
    neurons: int, cores: int, synapses: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    pre, to = rng.integers(neurons, size=synapses), rng.integers(cores, size=synapses)
    kind = rng.integers(3, size=synapses)
    found = contacts_of(pre, to, neurons, cores, kind, 3)
    table = np.zeros((neurons, cores, 3), int)
    np.add.at(table, (pre, to, kind), 1)
    assert np.array_equal(np.argwhere(table.sum(2)), np.stack([found.source, found.to], axis=1))
    assert np.array_equal(found.synapses, table[found.source, found.to])


def _limited(counts: str, most: float) -> Loihi:
    chip = Small()
    chip.limits = tuple(
        replace(v, most=Figure(most, v.most.unit, Grade.UNVERIFIED, "this test"))
        if (v.counts, v.per) == (counts, "core") else v
        for v in Loihi.limits
    )  # fmt: skip
    chip.cores = Figure(1, "core", Grade.UNVERIFIED, "this test")
    return chip


@pytest.mark.parametrize("counts", ["neurons", "axons in", "axons out"])
def test_limits_hold_to_the_last(counts: str) -> None:
    """One core that needs N of a thing: enough with N or N + 1, refused with N - 1."""
    whole = Loihi().map(layered()).cores[0].used[counts]
    for most in (whole, whole + 1):
        assert _limited(counts, most).map(layered()).cores[0].used[counts] == whole
    with pytest.raises(ValidationError, match="cores at most"):
        _limited(counts, whole - 1).map(layered())


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 49))
def test_spikes_on_any_cores_and_energy_of_any_windows(seed: int, cut: int) -> None:
    net = layered(seed)
    mapped = Small().map(net, seed=seed)
    found = run_mapped(mapped, 50)
    alone = mapped.quantised.network.run(50.0, dt=1.0, precision="float64")
    assert alone.same_spikes(found.integers)
    by_step = found.ledger.by_step
    windows = [
        Ledger({n: c[a:b].sum(0) for n, c in by_step.items()}) for a, b in ((0, cut), (cut, 50))
    ]
    prices = mapped.chip.table()
    parts = [prices.of(w, s * 1e-3) for w, s in zip(windows, (cut, 50 - cut), strict=True)]
    whole = prices.of(found.ledger, 0.05)
    assert sum(b.total for b in parts) == pytest.approx(whole.total, rel=1e-12)


def test_links_become_the_bound_of_large_chips() -> None:
    chip = Loihi(chips=64)
    rows = step_against_size(chip, [4, 64, 1024, 4096], neurons=64, events=1)
    assert rows[0].bound == "cores" and rows[-1].bound == "links"
    for row in rows:
        assert row.step_seconds >= max(row.core_seconds, row.link_seconds) - 1e-15
    assert [row.peak_load for row in rows] == sorted(row.peak_load for row in rows)
    near = step_against_size(chip, [4096], neurons=64, events=1, local=4.0)[0]
    assert near.link_seconds < rows[-1].link_seconds
    assert draw_sizes(rows).axes[1].get_xlabel() == "cores"
    with pytest.raises(ValidationError, match="cores"):
        step_against_size(chip, [10**6])


def test_a_network_that_records_no_spikes_is_counted_too() -> None:
    net = layered()
    whole = run_mapped(Loihi().map(net), 40)
    other = layered()
    other.probes.clear()
    found = run_mapped(Loihi().map(other), 40)
    assert found.spikes == {}
    for name in ("spikes", "dense events", "messages"):
        assert found.ledger.total(name) == whole.ledger.total(name) > 0
    assert isinstance(found, sp.Recording)
