"""Layers on processors: the same numbers on any of them, every event counted, limits held."""

from __future__ import annotations

import numpy as np
import pytest
from test_akida import TRACE, golden, layer, samples

import spikestack as sp
from spikestack.chips import Figure, Grade
from spikestack.chips.evaluating import infer, present
from spikestack.chips.mapping.frame_layers import Layer, cut, layers_of
from spikestack.chips.neurons.frames import FrameNeuron
from spikestack.errors import ValidationError
from spikestack.program.edge_list import edge_list
from spikestack.program.lower import lower

MINE = "assumed, for a test"


class Tight(sp.chips.Akida):  # type: ignore[name-defined,misc]
    """So little memory that layers need several processors."""

    processor_memory = Figure(200, "bytes", Grade.DERIVED, MINE)


@pytest.mark.parametrize(
    "chip", [sp.chips.Akida(), Tight(), sp.chips.Akida2(), sp.chips.NorthPole()]
)
def test_answers_do_not_depend_on_the_processors(chip: sp.chips.Chip) -> None:
    net, given = layer(), samples(2)
    mapped = chip.map(net)
    alone = present(chip.quantise(net), given)
    found = infer(mapped, given, progress=False)
    assert np.array_equal(found.answers, alone)
    if isinstance(chip, Tight):
        assert len(mapped.cores) > 4
        held = [c.used["memory bytes"] for c in mapped.cores if c.place != chip.input_place]
        assert max(held) <= 200


def test_every_event_at_every_tap_is_counted() -> None:
    net, given = layer(), samples(1)
    mapped = Tight().map(net)
    run = infer(mapped, given, progress=False).run
    program = lower(mapped.quantised.network, 1.0, "float64", 1)
    events = {"convolutional events": 0, "dense events": 0}
    for e in program.edges:
        fan_out = np.bincount(edge_list(e).pre, minlength=program.populations[e.pre].size)
        name = program.populations[e.pre].name
        sent = np.nonzero(given[0])[1] if name == "source" else run.integers.spikes[name].ids
        kind = f"{mapped.quantised.formats[e.name]} events"
        events[kind] += int(fan_out[sent].sum())
    assert {name: run.ledger.total(name) for name in events} == events
    assert all(events.values())
    held = sum(len(n) for core in mapped.cores for n in core.neurons.values())
    assert held == run.ledger.total("accesses") / 2 == sum(p.size for p in program.populations[1:])


def test_a_run_is_a_run() -> None:
    net = layer()
    silent = net.run(10.0, on=sp.chips.Akida())
    assert silent.ledger.total("driven updates") == silent.ledger.total("spikes") == 0
    assert silent.bill().total == 0.0
    assert set(silent.bill().unpriced) == {"dense events", "convolutional events"}


def test_the_golden_network_on_processors_gives_the_makers_numbers() -> None:
    with np.load(TRACE) as file:
        data = {name: file[name] for name in file.files}
    bits = int(np.random.default_rng(1).choice([1, 2, 4]))
    chip = sp.chips.Akida(processor_memory=Figure(500, "bytes", Grade.DERIVED, MINE))
    mapped = chip.map(golden(data, bits))
    assert len(mapped.cores) > 10
    images = data["x"][:3].astype(float).transpose(0, 3, 1, 2).reshape(3, 1, -1)
    found = infer(mapped, images, "x", progress=False)
    assert np.array_equal(found.answers, data["y"][:3, 0, 0])
    layers = {item.name: item for item in layers_of(mapped.quantised)}
    assert [layers[n].kind for n in ("c1", "c2", "f4")] == ["input", "convolutional", "dense"]
    # Kernels are stored once, whatever the number of places.
    assert (layers["c2"].weights, layers["f4"].weights) == (3 * 3 * 8, 256)


def test_pieces_are_a_partition() -> None:
    made = Layer("x", "convolutional", 5, 12, 9, 0)
    for ways in ((1, 1), (5, 1), (2, 3), (5, 12)):
        pieces = cut(made, *ways)
        assert len(pieces) == ways[0] * ways[1]
        assert np.array_equal(np.sort(np.concatenate(pieces)), np.arange(60))
        assert max(map(len, pieces)) <= -(-5 // ways[0]) * -(-12 // ways[1])


def wide(layers: int) -> sp.Network:
    """So many full layers, each of which fills a processor of a thousand bytes."""
    items = []
    for _ in range(layers):
        items += [sp.Linear(15), FrameNeuron()]
    return sp.layered((60,), items, seed=1, graded=False)


def test_limits_hold_to_the_last_processor() -> None:
    chip = sp.chips.AKD1500()
    full = int(chip.full_local) + int(chip.full_large)
    for layers in (full - 1, full):
        assert len(chip.map(wide(layers)).cores) == layers
    with pytest.raises(ValidationError, match=r"9 processors for full connections.*8 .*per chip"):
        chip.map(wide(full + 1))
    tiny = sp.chips.Akida(processor_memory=Figure(20, "bytes", Grade.DERIVED, MINE))
    with pytest.raises(ValidationError, match=r"memory bytes.*fewer inputs.*full connections"):
        tiny.map(wide(2))


def test_sizes_of_the_second_generation() -> None:
    assert [int(sp.chips.Akida2(nodes).cores) for nodes in (2, 6, 12)] == [8, 24, 48]
    with pytest.raises(ValidationError, match="2, 6, 12"):
        sp.chips.Akida2(3)
    assert "TNP_B" in sp.chips.Akida2().describe()


def test_cycles_of_northpole_are_counted_by_hand() -> None:
    """8 channels of 16 places on 128 cores, each of which makes 2,048 / 2 products in a cycle."""
    chip = sp.chips.NorthPole()
    made = Layer("x", "convolutional", 8, 16, 18, 128 * 18 * 100_000)
    assert chip.frame_time([made]).cycles == {"x": -(-18 * 100_000 // 1024)}
    assert sp.chips.NorthPole(4).frame_time([made]).cycles == {"x": -(-18 * 100_000 // 2048)}
    one = Figure(1, "operations", Grade.DERIVED, MINE)
    assert sp.chips.NorthPole(operations_per_mac=one).frame_time([made]).cycles == {
        "x": -(-18 * 100_000 // 2048)
    }


def test_northpole_takes_the_time_of_a_frame_whatever_is_in_it() -> None:
    net, chip = layer(), sp.chips.NorthPole()
    mapped = chip.map(net)
    frame = chip.frame_time(layers_of(mapped.quantised)).seconds
    run = infer(mapped, samples(1), progress=False).run
    assert np.allclose(run.step_seconds, frame)
    assert run.bill().static == pytest.approx(42.0 * 2 * frame)
    silent = chip.run(net, 5.0)
    assert not silent.step_seconds.any()


def test_northpole_refuses_what_its_memory_does_not_hold() -> None:
    class Tiny(sp.chips.NorthPole):  # type: ignore[name-defined,misc]
        limits = (
            sp.chips.Limit("memory bytes", "core", Figure(30, "bytes", Grade.DERIVED, MINE),
                           sp.chips.LimitKind.BUDGET, "use more chips"),
            sp.chips.NorthPole.limits[1],
        )  # fmt: skip

    with pytest.raises(ValidationError, match=r"memory bytes.*use more chips"):
        Tiny().map(layer(side=32, channels=2, filters=40))
    with pytest.raises(ValidationError, match="8, 4 or 2"):
        sp.chips.NorthPole(bits=16)


def test_prices_of_your_own() -> None:
    price = Figure(2.0, "pJ", Grade.UNVERIFIED, MINE)
    chip = sp.chips.Akida(event_energy=price)
    run = infer(chip.map(layer()), samples(1), progress=False).run
    events = run.ledger.total("dense events") + run.ledger.total("convolutional events")
    assert run.bill().total == pytest.approx(2e-12 * events)
    assert not run.bill().unpriced
