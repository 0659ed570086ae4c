"""Speck: layers on cores, memories, exact digits, events that come one by one."""

from __future__ import annotations

import numpy as np
import pytest
from test_odin import benchmark, summing

import spikestack as sp
from spikestack.chips.evaluating import present
from spikestack.chips.mapping.layers import Layer, assign, entries_of_kernels
from spikestack.chips.sampling import with_sample
from spikestack.errors import ValidationError
from spikestack.zoo.tasks import task


def convolutional(
    channels: int = 4, side: int = 12, kernel: int = 3, layers: int = 2, steps: int = 20, **how: int
) -> sp.Network:
    """Convolutions of integrate-and-fire neurons, and a readout of the host's."""
    rng = np.random.default_rng(0)
    net = sp.Network(seed=1)
    before = net.add(sp.Population("camera", (2, side, side), sp.SpikeSource()))
    at, ids = np.nonzero(rng.random((steps, 2 * side * side)) < 0.05)
    net.drive(before, sp.SpikeTrains(times=at + 1.0, ids=ids))
    now = sp.Delta(weight=1.0, delay=0.0)
    for k in range(layers):
        weights = rng.integers(-3, 6, (channels, before.shape[0], kernel, kernel)) / 8
        rule = sp.Convolution(weights, **how)
        cells = net.add(sp.Population(f"layer{k}", rule.target_shape(before.shape), summing()))
        net.connect(before, cells, rule, now)
        net.record(cells, "spikes")
        before = cells
    out = net.add(sp.Population("out", 3, sp.LeakyIntegrator(beta=1.0)))
    net.connect(before, out, sp.Dense(rng.normal(size=(before.size, 3))), now)
    net.record(out, "v")
    return net


def test_memories_take_whole_address_bits() -> None:
    """The example of the maker's page: 8 Ki words of kernels, 128 Ki of neurons."""
    layer = Layer("a", "b", (16, 64, 64), (32, 64, 64), (3, 3))
    assert layer.kernel_entries == 8 * 1024 and layer.neuron_entries == 128 * 1024
    assert entries_of_kernels(2, 12, 4, 4) == 2 * 2 ** (4 + 4)
    assert entries_of_kernels(1, 1, 1, 1) == 1
    assert layer.synops(100.0) == 100 * 32 * 9


def test_layers_get_cores_that_hold_them() -> None:
    kernels, neurons = sp.chips.Speck().memories
    assert (sum(kernels), sum(neurons)) == (272 * 1024, 320 * 1024)
    large = [Layer(f"l{k}", "x", (64, 8, 8), (64, 8, 8), (3, 3)) for k in range(3)]
    small = [Layer(f"s{k}", "x", (2, 64, 64), (16, 64, 64), (3, 3)) for k in range(3)]
    found = assign(large[:2] + small, kernels, neurons).core_of
    assert (found >= 0).all() and len(set(found.tolist())) == 5
    assert set(found[2:]) == {0, 1, 2} and set(found[:2]) == {5, 6}
    assert (assign(large, kernels, neurons).core_of < 0).sum() == 1


@pytest.mark.parametrize("channels", [15, 16, 17])
def test_a_layer_fills_the_largest_memory_of_neurons(channels: int) -> None:
    """64 x 64 maps: sixteen of them are 64 Ki words."""
    rng = np.random.default_rng(0)
    net = sp.Network(seed=1)
    camera = net.add(sp.Population("camera", (1, 128, 128), sp.SpikeSource()))
    rule = sp.Convolution(rng.integers(1, 4, (channels, 1, 2, 2)) / 8, stride=2)
    cells = net.add(sp.Population("cells", (channels, 64, 64), summing()))
    net.connect(camera, cells, rule, sp.Delta(weight=1.0, delay=0.0))
    if channels <= 16:
        mapped = sp.chips.Speck().map(net)
        assert mapped.cores[0].used["neuron words"] == channels * 4096
        assert mapped.cores[0].place in (0, 1, 2)
    else:
        with pytest.raises(ValidationError, match=r"69,632 neuron words, 65,536 words.*stride"):
            sp.chips.Speck().map(net)


def test_all_that_is_too_much_is_said_at_once() -> None:
    net = convolutional(side=66, kernel=3, layers=1, padding=1)
    with pytest.raises(ValidationError, match=r"66 map width, 64 pixels.*pool the input"):
        sp.chips.Speck().map(net)
    net = convolutional(kernel=5, layers=1, padding=8, stride=3)
    with pytest.raises(ValidationError, match=r"8 padding, 7 pixels.*stride \(3, 3\), one of"):
        sp.chips.Speck().map(net)
    with pytest.raises(ValidationError, match=r"10 layers, 9 cores"):
        sp.chips.Speck().map(convolutional(channels=2, kernel=1, layers=10))
    assert len(sp.chips.Speck().map(convolutional(channels=2, kernel=1, layers=9)).cores) == 9


def test_layers_that_want_the_same_cores_are_named() -> None:
    with pytest.raises(ValidationError, match=r"more cores of a kind.*'layer1' \(65,536 kernel"):
        sp.chips.Speck().map(convolutional(channels=64, kernel=3, layers=4, side=14))


def test_what_it_cannot_do_is_said() -> None:
    net = convolutional(layers=1)
    leaks = net.add(sp.Population("leaks", 5, sp.DiscreteLIF(beta=0.9)))
    net.connect(net["layer0"], leaks, sp.AllToAll(), sp.Delta(weight=0.1, delay=0.0))
    with pytest.raises(ValidationError, match=r"'leaks' leaks.*beta=1"):
        sp.chips.Speck().map(net)
    net = convolutional(layers=1)
    late = net.add(sp.Population("late", 5, summing()))
    net.connect(net["layer0"], late, sp.AllToAll(), sp.Delta(weight=0.1, delay=1.0))
    with pytest.raises(ValidationError, match=r"acts after 1 steps.*delay=0"):
        sp.chips.Speck().map(net)


def test_weights_that_eight_bits_hold_stay_what_they_are() -> None:
    net = convolutional()
    run = net.run(20.0, on=sp.chips.Speck())
    described = net.run(20.0, dt=1.0)
    for name in ("layer0", "layer1"):
        assert len(described[name].times) > 50
        assert np.array_equal(run[name].steps, described[name].steps)
        assert np.array_equal(run[name].ids, described[name].ids)
    assert np.allclose(run["out", "v"].values, described["out", "v"].values, atol=1e-4)
    assert all(loss.error == 0.0 for loss in run.mapped.quantised.losses.values())
    assert run.ledger.total("host words out") == len(run["layer1"].times) + sum(
        len(run[n].times) for n in ("layer0", "layer1")
    )


def test_events_that_come_one_by_one() -> None:
    """Of weights that only excite, and thresholds that subtract, none is lost to the order."""
    net = sp.Network(seed=1)
    camera = net.add(sp.Population("camera", (1, 6, 6), sp.SpikeSource()))
    soft = sp.NeuronModel(
        "v[t+1] = v : 1", threshold="v >= 1", reset="v -= 1", dimensionless=True,
        default_synapse="Delta",
    )  # fmt: skip
    rule = sp.Convolution(np.random.default_rng(0).integers(1, 5, (3, 1, 3, 3)) / 8)
    cells = net.add(sp.Population("cells", (3, 4, 4), soft))
    at, ids = np.nonzero(np.random.default_rng(1).random((30, 36)) < 0.3)
    net.drive(camera, sp.SpikeTrains(times=at + 1.0, ids=ids))
    net.connect(camera, cells, rule, sp.Delta(weight=1.0, delay=0.0))
    net.record(cells, "spikes")
    net.record(cells, "v")
    found = net.run(30.0, on=sp.chips.Speck(asynchronous=True))
    network = found.mapped.quantised.network
    given = network.projections["camera->cells"]
    total = np.zeros(48)
    counts = np.bincount(ids, minlength=36)
    np.add.at(total, given.rule.post, given.synapse.weight * counts[given.rule.pre])
    theta = float(np.ravel(network.populations["cells"].model.values["theta"])[0])
    fired = np.bincount(found["cells"].ids, minlength=48)
    assert np.array_equal(fired, total // theta)
    assert np.array_equal(found.integers["cells", "v"].values[0, -1], total % theta)


def test_cores_that_are_too_busy_are_named() -> None:
    net = convolutional()
    limit = sp.chips.Figure(3e5, "1/s", sp.chips.Grade.USER, "this test")
    chip = sp.chips.Speck(synops=limit)
    run = net.run(20.0, on=chip)
    busiest = run.ledger.by_step["convolutional events"].max(0) * 1000.0
    names = [next(iter(c.neurons)) for c in run.mapped.cores]
    expected = {n: float(b) for n, b in zip(names, busiest, strict=True) if b > 3e5}
    assert chip.overloaded(run) == expected and expected
    assert run.late_steps == (run.ledger.by_step["convolutional events"].max(1) > 300).sum() > 0
    drops = net.run(20.0, on=sp.chips.Speck(synops=limit, asynchronous=True))
    assert drops.ledger.total("dropped") > 0
    free = net.run(20.0, on=sp.chips.Speck(asynchronous=True))
    assert free.ledger.total("dropped") == 0
    assert drops.ledger.total("spikes") < free.ledger.total("spikes")
    with pytest.raises(ValidationError, match="not published"):
        sp.chips.Speck().overloaded(run)


def test_energy_at_rest_is_what_is_published() -> None:
    run = convolutional().run(20.0, on=sp.chips.Speck())
    bill = run.bill()
    assert bill.total == bill.static == pytest.approx(0.42e-3 * 0.02)
    assert "convolutional events" in bill.unpriced


def test_the_reader_of_digits_is_held_as_it_is() -> None:
    mapped = sp.chips.Speck().map(sp.zoo.load("digits-camera-chips"))
    assert len(mapped.cores) == 2
    assert all(loss.error == 0.0 for loss in mapped.quantised.losses.values())


@pytest.mark.slow
def test_digits_lose_nothing() -> None:
    samples, labels = task("digits-camera").samples("test")
    net = sp.zoo.load("digits-camera-chips")
    described = present_described(net, samples[:60])
    answers = present(sp.chips.Speck().quantise(net), samples[:60])
    assert np.array_equal(answers.argmax(1), described.argmax(1))
    assert (answers.argmax(1) == labels[:60]).mean() > 0.9


def present_described(net: sp.Network, samples: np.ndarray) -> np.ndarray:
    simulation = sp.Simulation(net, dt=1.0, trials=len(samples))
    for trial, sample in enumerate(samples):
        step, unit = np.nonzero(sample)
        simulation.inject("events", times=step + 1.0, ids=unit, counts=sample[step, unit],
                          trial=trial)  # fmt: skip
    simulation.forward(samples.shape[1])
    return np.asarray(simulation.recording()["digits", "v"].values).mean(1)


@pytest.mark.slow
def test_digits_on_all_that_hold_them() -> None:
    found = benchmark().digits(100)
    assert found["ok"], found


def test_samples_run_as_the_chip_does() -> None:
    """Event by event where the chip is so, not by the steps of the quantised network."""
    net = sp.zoo.load("digits-camera-chips")
    sample = (np.random.default_rng(3).random((1, 10, 800)) < 0.06).astype(float)
    chip = sp.chips.Speck(asynchronous=True)
    found = chip.infer(chip.map(net), sample, progress=False)
    run = chip.run(with_sample(net, sample[0]), 10.0 + found.run.late["digits"], progress=False)
    assert np.array_equal(
        found.answers[0], run["digits", "v"].values[0][run.late["digits"] :].mean(0)
    )
    by_steps = sp.chips.Speck().infer(sp.chips.Speck().map(net), sample, progress=False)
    assert not np.array_equal(found.answers, by_steps.answers)
    assert found.ledger.totals() == run.ledger.totals()


def test_the_order_of_events_costs_little_where_steps_are_fine() -> None:
    """Within 3 ms few events come together, so that neurons pass thresholds as by steps."""
    net = sp.zoo.load("digits-camera-chips")
    rng = np.random.default_rng(5)
    coarse = (rng.random((3, 20, 800)) < 0.09).astype(np.float32)
    fine = np.zeros((3, 100, 800), np.float32)
    trial, step, unit = np.nonzero(coarse)
    fine[trial, 5 * step + rng.integers(0, 5, len(step)), unit] = 1.0
    chip = sp.chips.Speck(asynchronous=True)
    mapped = chip.map(net)

    def apart(shown: np.ndarray) -> float:
        events = chip.infer(mapped, shown, progress=False).answers
        return float(np.abs(events - present(mapped.quantised, shown)).mean())

    assert apart(fine) < 0.7 * apart(coarse)
