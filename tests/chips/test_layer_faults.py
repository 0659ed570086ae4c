"""Chips of layers: defects, what their cores say of themselves, networks on several cards."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_akida import layer, samples
from test_odin import two_layers
from test_speck import convolutional
from test_xylo import recurrent

import spikestack as sp
from spikestack.chips import Figure, Grade
from spikestack.chips.evaluating import infer
from spikestack.chips.faults import Faults
from spikestack.chips.mapping.cores import MappedNetwork
from spikestack.chips.mapping.frame_layers import layers_of
from spikestack.chips.neurons.frames import FrameNeuron
from spikestack.errors import ValidationError
from spikestack.program.edge_list import edge_list
from spikestack.program.lower import lower

MINE = "assumed, for a test"


def weights(mapped: MappedNetwork, name: str) -> np.ndarray:
    found = mapped.quantised.network.connections(name, dt=1.0, precision="float64")
    return np.asarray(found.weight)


def tight(faults: Faults | None = None, **more: Any) -> sp.chips.Chip:
    """So little memory that layers need several processors."""
    memory = Figure(200, "bytes", Grade.DERIVED, MINE)
    return sp.chips.Akida(processor_memory=memory, faults=faults, **more)


# ------------------------------------------------------------------------------------ dead


@pytest.mark.parametrize("kind", [tight, sp.chips.NorthPole, sp.chips.Akida2])
def test_dead_processors_hold_nothing_and_change_no_answer(kind: Any) -> None:
    net, given = layer(), samples(2)
    whole = kind().map(net)
    # Convolutions of the input have one place, the last.
    dead = [core.place for core in whole.cores[:-1]][:3]
    mapped = kind(faults=Faults(dead_cores=dead)).map(net)
    assert not {core.place for core in mapped.cores} & set(dead)
    answers = [infer(m, given, progress=False).answers for m in (whole, mapped)]
    assert np.array_equal(*answers)


def test_fewer_cores_take_longer() -> None:
    net = layer()
    slow = Figure(2048, "operations", Grade.DERIVED, MINE)
    whole = sp.chips.NorthPole(operations_per_mac=slow).map(net)
    dead = Faults(dead_cores=range(253))
    few = sp.chips.NorthPole(operations_per_mac=slow, faults=dead).map(net)
    assert len(few.cores) == 3
    assert few.frame.seconds > whole.frame.seconds
    macs = {x.name: x.macs for x in layers_of(whole.quantised)}
    # Six channels of 16 places: on three cores, and on 96, which make one product in a cycle.
    assert few.frame.cycles["first"] == -(-macs["first"] // 3)
    assert whole.frame.cycles["first"] == -(-macs["first"] // 96)


def test_dead_chips_and_places_without_which_it_does_not_go() -> None:
    chip = tight(Faults(dead_chips=[0]), chips=2)
    net = sp.layered((12,), [sp.Linear(5), FrameNeuron(), sp.Linear(3), FrameNeuron()], seed=1,
                     graded=False)  # fmt: skip
    assert {core.place // 80 for core in chip.map(net).cores} == {1}
    assert 79 in {core.place for core in sp.chips.Akida().map(layer()).cores}
    with pytest.raises(ValidationError, match="place 79 is dead"):
        sp.chips.Akida(faults=Faults(dead_cores=[79])).map(layer())
    with pytest.raises(ValidationError, match="being dead"):
        sp.chips.Akida(faults=Faults(dead_cores=range(77))).map(layer())
    cards = sp.chips.NorthPole(chips=2, faults=Faults(dead_chips=[0])).map(layer())
    assert {core.place // 256 for core in cards.cores} == {1}


def test_layers_go_to_cores_of_speck_that_are_alive() -> None:
    net = convolutional()
    whole = sp.chips.Speck().map(net)
    dead = [core.place for core in whole.cores]
    mapped = sp.chips.Speck(faults=Faults(dead_cores=dead)).map(net)
    assert not {core.place for core in mapped.cores} & set(dead)
    one, two = (m.chip.execute(m, 30, False) for m in (whole, mapped))
    assert one.same_spikes(two) and len(one["layer1"].times) > 10
    with pytest.raises(ValidationError, match="want more cores"):
        sp.chips.Speck(faults=Faults(dead_cores=range(8))).map(net)


@pytest.mark.parametrize(
    ("chip", "net"),
    [
        (sp.chips.Akida, layer), (sp.chips.NorthPole, layer), (sp.chips.Speck, convolutional),
        (sp.chips.ODIN, two_layers), (sp.chips.Xylo, recurrent),
    ],
)  # fmt: skip
def test_what_is_not_honoured_is_refused_by_name(chip: Any, net: Any) -> None:
    with pytest.raises(ValidationError, match=r"faults: has dead_links"):
        chip(faults=Faults(dead_links=[(0, 1)])).map(net())
    with pytest.raises(ValidationError, match="faults"):
        chip(faults={"dead_cores": [0]}).map(net())
    if chip in (sp.chips.ODIN, sp.chips.Xylo):
        with pytest.raises(ValidationError, match="dead_cores, bit_flips"):
            chip(faults=Faults(dead_cores=[0], bit_flips=0.1)).map(net())


# --------------------------------------------------------------------------------- weights


@pytest.mark.parametrize("kind", [tight, sp.chips.NorthPole])
def test_a_flipped_bit_of_a_kernel_is_in_all_that_a_core_reads_of_it(kind: Any) -> None:
    net, name = layer(side=16), "source->first"
    whole = kind().map(net)
    mapped = kind(faults=Faults(bit_flips=0.02, seed=3)).map(net)
    meant, found = weights(whole, name), weights(mapped, name)
    program = lower(whole.quantised.network, 1.0, "float64", 1)
    edges = edge_list(next(e for e in program.edges if e.name == name))
    places = whole.quantised.network["first"].size // 6
    rule = whole.quantised.network.projections[name].rule
    channel, row, column = np.unravel_index(edges.pre, (2, 16, 16))
    out, at = np.divmod(edges.post, places)
    dy, dx = row - 2 * (at // 8) + 1, column - 2 * (at % 8) + 1
    assert np.array_equal(rule.kernel[out, channel, dy, dx], meant)
    core = whole.core_of["first"][edges.post]
    entry = np.ravel_multi_index(
        (core, out, channel, dy, dx), (len(whole.cores), *rule.kernel.shape)
    )
    assert 0 < (found != meant).mean() < 0.5
    by_entry: dict[int, set[float]] = {}
    for word, weight in zip(entry.tolist(), found.tolist(), strict=True):
        by_entry.setdefault(word, set()).add(weight)
    assert all(len(values) == 1 for values in by_entry.values())
    assert len(by_entry) < len(found)
    bits = int(whole.quantised.losses[name].bits)
    assert np.abs(found).max() <= 2 ** (bits - 1)
    answers = [infer(m, samples(2, 512), progress=False).answers for m in (whole, mapped)]
    assert not np.array_equal(*answers)


def test_kernels_of_speck_break_too() -> None:
    net = convolutional()
    whole = sp.chips.Speck().map(net)
    mapped = sp.chips.Speck(faults=Faults(stuck_synapses=0.3, seed=2)).map(net)
    meant, found = weights(whole, "camera->layer0"), weights(mapped, "camera->layer0")
    assert set(found[found != meant].tolist()) == {0.0}
    # Each entry is used by each of 10 x 10 places: whole entries are gone.
    assert (found != meant).sum() % 100 == 0
    assert mapped.chip.execute(mapped, 30, False).ledger.total("convolutional events") > 0
    asynchronous = sp.chips.Speck(asynchronous=True, faults=Faults(bit_flips=0.05))
    run = net.run(20.0, on=asynchronous)
    assert not run.same_spikes(net.run(20.0, on=sp.chips.Speck(asynchronous=True)))


# ---------------------------------------------------------------------------------- tables


@pytest.mark.parametrize(
    ("chip", "net"), [(tight, layer), (sp.chips.NorthPole, layer), (sp.chips.Speck, convolutional)]
)
def test_cores_of_layers_can_be_looked_at(chip: Any, net: Any) -> None:
    mapped = chip().map(net())
    program = lower(mapped.quantised.network, 1.0, "float64", 1)
    ordered = [p for p in program.populations if p.name in mapped.core_of]
    starts = dict(zip([p.name for p in ordered], np.cumsum([0, *(p.size for p in ordered)])))
    expected: dict[int, set[tuple[int, int]]] = {}
    for e in program.edges:
        pre, post = (program.populations[k].name for k in (e.pre, e.post))
        if pre in mapped.core_of and post in mapped.core_of:
            found = edge_list(e)
            rows = zip(mapped.core_of[pre][found.pre], starts[pre] + found.pre,
                       mapped.core_of[post][found.post])  # fmt: skip
            for core, neuron, to in rows:
                expected.setdefault(int(core), set()).add((int(neuron), int(to)))
    for k, core in enumerate(mapped.cores):
        table = core.table
        entries = set(zip(table.neurons.tolist(), table.cores.tolist(), strict=True))
        assert entries == expected.get(k, set()) and len(entries) == len(table)
        assert core.buffer > 0 and core.power == "on" and core.engine == ()
        for to, hops in zip(table.cores, table.hops, strict=True):
            tile = mapped.chip.tile
            ends = core.place // tile, mapped.cores[to].place // tile
            assert hops.sum() == mapped.chip.mesh.between(*ends)


# ----------------------------------------------------------------------------------- cards


def northpole(room: float, **settings: Any) -> sp.chips.Chip:
    chip = sp.chips.NorthPole(**settings)
    most = Figure(room, "bytes", Grade.DERIVED, MINE)
    limit = sp.chips.Limit("memory bytes", "core", most, sp.chips.LimitKind.BUDGET, "use more")
    chip.limits = (limit, chip.limits[1])
    return chip


def deep(layers: int = 6) -> sp.Network:
    items: list[Any] = []
    for _ in range(layers):
        items += [sp.Linear(20), FrameNeuron(theta=0.2, first=0.1)]
    items += [sp.Linear(4), sp.LeakyIntegrator(beta=0.0)]
    net = sp.layered((20,), items, seed=2, graded=False)
    net.record(list(net.populations.values())[-1], "v")
    return net


def test_layers_go_to_the_next_card_when_one_is_full() -> None:
    net = deep()
    one, many = northpole(1000.0).map(net), northpole(65.0, chips=4).map(net)
    assert list(one.layers) == [0] and int(one.crossing.sum()) == 0
    names = [name for held in many.layers.values() for name in held]
    assert list(many.layers) == [0, 1, 2] and names == list(one.layers[0])
    assert max(core.used["memory bytes"] for core in many.cores) <= 65.0
    # 20 numbers leave each card but the last, and each goes to one card.
    assert int(many.crossing.sum()) == 40
    given = np.random.default_rng(0).poisson(4.0, (2, 1, 20)).astype(float)
    drive = next(iter(net.drives))
    found = [m.chip.infer(m, given, drive, False) for m in (one, many)]
    assert np.array_equal(found[0].answers, found[1].answers) and found[0].answers.any()
    with pytest.raises(ValidationError, match=r"memory bytes.*2 cards' memory.*chips="):
        northpole(65.0, chips=2).map(net)
    with pytest.raises(ValidationError, match=r"by layer .* alone"):
        northpole(15.0, chips=9).map(net)


def test_what_goes_from_card_to_card_is_counted_and_takes_time() -> None:
    net = deep()
    link = Figure(1e-3, "GB/s", Grade.DERIVED, MINE)
    chip = northpole(65.0, chips=4, card_link=link)
    mapped = chip.map(net)
    compute = sum(mapped.frame.cycles.values()) / 381e6
    # 20 bytes at a megabyte a second, twice.
    assert mapped.frame.seconds == pytest.approx(compute + 2 * 20e-6)
    assert 1 / mapped.frame.pipelined == pytest.approx(20e-6)
    given = np.random.default_rng(0).poisson(4.0, (1, 1, 20)).astype(float)
    run = chip.infer(mapped, given, next(iter(net.drives)), False).run
    frames = int((run.step_seconds > 0).sum())
    assert run.ledger.total("hops between chips") == 40 * frames > 0
    assert run.step_seconds.max() == pytest.approx(mapped.frame.seconds)
    assert run.chips_used == 3
    assert run.bill().static == pytest.approx(3 * 42.0 * run.hardware_seconds)
    assert "card 2:" in str(mapped) and "from card to card in a frame: 40" in str(mapped)
    silent = chip.execute(mapped, 5, False)
    assert silent.ledger.total("hops between chips") == 0
