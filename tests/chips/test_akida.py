"""Akida: its arithmetic through the engine, layers on its processors, refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import spikestack as sp
from spikestack.chips.circuits.akida import quantise_akida, quantise_requantising
from spikestack.chips.circuits.frame_weights import fine_scale
from spikestack.chips.evaluating import present
from spikestack.chips.framing import framed, levelled
from spikestack.chips.kernels.akida import activate
from spikestack.chips.neurons.akida import AkidaNeuron, AkidaPooled, AkidaPotential
from spikestack.chips.neurons.frames import FrameNeuron, FrameSource, RequantisingNeuron
from spikestack.chips.staircase import staircase_of
from spikestack.errors import ValidationError
from spikestack.program.lower import lower
from spikestack.simulation import Simulation

TRACE = Path(__file__).parent.parent / "vectors" / "chips" / "akida_v1_s1.npz"
AT_ONCE = 0.0


def layer(
    seed: int = 1, *, side: int = 8, channels: int = 2, filters: int = 6, most: int = 15
) -> sp.Network:
    """Counts of events, a convolution, a full layer, a readout; as trained with few bits."""
    rng, net = np.random.default_rng(seed), sp.Network(seed=seed)
    source = net.add(sp.Population("source", (channels, side, side), FrameSource()))
    first = net.add(
        sp.Population("first", (filters, side // 2, side // 2), FrameNeuron(theta=2.0, first=1.0))
    )
    second = net.add(
        sp.Population("second", 12, FrameNeuron(theta=4.0, first=2.0, most=float(most)))
    )
    out = net.add(sp.Population("out", 4, sp.LeakyIntegrator(beta=0.0)))
    net.drive(source, sp.ExternalSpikes(weight=1.0), name="events")
    kernel = rng.integers(-60, 61, (filters, channels, 3, 3)) / 64.0
    one = sp.Delta(weight=1.0, delay=AT_ONCE)
    net.connect(source, first, sp.Convolution(kernel, stride=2, padding=1), one)
    net.connect(first, second, sp.Dense(rng.integers(-7, 8, (first.size, 12)) / 8.0), one)
    net.connect(second, out, sp.Dense(rng.integers(-7, 8, (12, 4)) / 4.0), one)
    for population in (first, second):
        net.record(population, "spikes")
    net.record(out, "v")
    return net


def samples(count: int, size: int = 128, seed: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.poisson(0.4, (count, 2, size)).astype(float)


def golden(data: dict[str, np.ndarray], bits: int) -> sp.Network:
    """The network of the file, in the chip's numbers: pooling by four potentials of a neuron."""
    net = sp.Network(seed=1)
    maps = net.add(sp.Population("x", (3, 16, 16), FrameSource(most=255)))
    net.drive(maps, sp.ExternalSpikes(weight=1.0, most=255.0), name="x")

    def neurons(name: str, shape: tuple[int, ...], kind: type, each: int) -> sp.Population:
        theta = np.repeat(data[f"{name}.threshold"].astype(float), each)
        sixteenths = np.floor(data[f"{name}.act_step"].astype(float) * 16)
        width = np.repeat(sixteenths, each) * 2.0 ** (4 - bits) / 16
        return net.add(
            sp.Population(name, shape, kind(theta=theta, width=width, most=2.0**bits - 1))
        )

    def pooled(pre: sp.Population, post: sp.Population, kernel: np.ndarray) -> None:
        whole = sp.Convolution(kernel, padding=1)
        edges = whole.edges(pre.shape, (len(kernel), *pre.shape[1:]))
        channel, rest = np.divmod(edges.post, pre.shape[1] * pre.shape[2])
        row, column = np.divmod(rest, pre.shape[2])
        target = (channel * post.shape[1] + row // 2) * post.shape[2] + column // 2
        for k, place in enumerate(("", "b", "c", "d")):
            here = (row % 2) * 2 + column % 2 == k
            rule = sp.FromArrays(edges.pre[here], target[here])
            weights = np.asarray(edges.weights)[here]
            synapse = sp.Delta(weight=weights, delay=0.0, compartment=place)
            net.connect(pre, post, rule, synapse, name=f"{post.name} {k}")

    def stored(name: str) -> np.ndarray:
        return data[name].astype(float).transpose(3, 2, 0, 1)

    c1 = neurons("c1", (8, 8, 8), AkidaPooled, 64)
    pooled(maps, c1, stored("c1.weights"))
    c2 = neurons("c2", (16, 8, 8), AkidaNeuron, 64)
    turned = stored("c2.weights")[:, :, ::-1, ::-1]
    one = sp.Delta(weight=1.0, delay=0.0)
    net.connect(c1, c2, sp.Convolution(turned, padding=1), one)
    s3 = neurons("s3", (16, 4, 4), AkidaPooled, 16)
    each = stored("s3.weights")[0][:, ::-1, ::-1]
    points = stored("s3.weights_pw")[:, :, 0, 0]
    pooled(c2, s3, points[:, :, None, None] * each[None])
    f4 = neurons("f4", (32,), AkidaNeuron, 1)
    # The file reads channel, second axis, first axis; here a map is channel, first, second.
    order = np.arange(256).reshape(16, 4, 4).transpose(0, 2, 1).ravel()
    matrix = np.empty((256, 32))
    matrix[order] = data["f4.weights"][0, 0]
    net.connect(s3, f4, sp.Dense(matrix), one)
    f5 = net.add(sp.Population("f5", 10, AkidaPotential()))
    net.connect(f4, f5, sp.Dense(data["f5.weights"][0, 0].astype(float)), one)
    net.record(f5, "v")
    return net


def test_five_layers_of_the_makers_simulator_are_equal_through_the_engine() -> None:
    with np.load(TRACE) as file:
        data = {name: file[name] for name in file.files}
    bits = int(np.random.default_rng(1).choice([1, 2, 4]))
    net = golden(data, bits)
    simulation = Simulation(net, dt=1.0, precision="float64", trials=len(data["x"]))
    for trial, image in enumerate(data["x"].astype(float).transpose(0, 3, 1, 2)):
        (at,) = np.nonzero(image.ravel())
        times = np.ones(len(at))
        simulation.inject("x", times=times, ids=at, counts=image.ravel()[at], trial=trial)
    simulation.advance(1.0, progress=False)
    found = np.asarray(simulation.recording()["f5", "v"].values)[:, 0]
    assert np.array_equal(found, data["y"][:, 0, 0])


@pytest.mark.parametrize("most", [1, 3, 15])
def test_a_neuron_sends_what_the_kernel_does(most: int) -> None:
    rng = np.random.default_rng(most)
    n, bits = 40, {1: 1, 3: 2, 15: 4}[most]
    theta, step = rng.integers(-20, 20, n), rng.uniform(0.2, 5.0, n)
    net = sp.Network(seed=1)
    width = np.floor(step * 16) / 16 * 2.0 ** (4 - bits)
    model = AkidaNeuron(theta=theta.astype(float), width=width, most=float(most))
    cells = net.add(sp.Population("cells", n, model))
    net.drive(cells, sp.ExternalSpikes(weight=1.0, most=500.0), name="in")
    net.record(cells, "spikes")
    given = rng.integers(-30, 200, (25, n))
    simulation = Simulation(net, dt=1.0, precision="float64")
    for t, row in enumerate(given):
        (at,) = np.nonzero(row)
        simulation.inject("in", times=np.full(len(at), t + 1.0), ids=at, counts=row[at])
    simulation.advance(25.0, progress=False)
    record = simulation.recording().spikes["cells"]
    found = np.zeros((25, n), int)
    found[np.rint(record.times).astype(int) - 1, record.ids] = record.values
    assert np.array_equal(found, activate(given, theta, step, bits))


def test_staircases_are_found_whatever_the_equations_are_called() -> None:
    def of(model: sp.NeuronModel) -> object:
        net = sp.Network(seed=1)
        net.drive(net.add(sp.Population("a", 3, model)), sp.ExternalSpikes(weight=1.0))
        return staircase_of(lower(net, 1.0, "float64", 1).populations[0], "a")

    found = of(FrameNeuron(theta=0.37, first=0.2, bias=0.1, most=15))
    assert np.allclose([found.first, found.width], [[0.1] * 3, [0.37] * 3])  # type: ignore[attr-defined]
    found = of(sp.IntegerLIF(beta=0.0, theta=2.0, most=3.0))
    assert np.allclose([found.first, found.most], [[1.0] * 3, [3.0] * 3])  # type: ignore[attr-defined]
    found = of(RequantisingNeuron(gain=3 / 64, bias=-5.0))
    assert np.allclose(found.width, 64 / 3)  # type: ignore[attr-defined]
    with pytest.raises(ValidationError, match=r"remembers.*framed"):
        of(sp.DiscreteLIF())
    with pytest.raises(ValidationError, match="levelled"):
        of(sp.GradedReLU())


def test_weights_of_few_bits_lose_nothing() -> None:
    rng = np.random.default_rng(0)
    for levels in (1, 7, 127):
        integers = rng.integers(-levels, levels + 1, 50)
        unit = fine_scale(integers * 0.3125, levels)
        assert np.allclose(integers * 0.3125 / unit, np.rint(integers * 0.3125 / unit))
    assert abs(fine_scale(rng.normal(size=500), 7)) > 0


def test_a_network_trained_with_few_bits_is_the_same_on_all() -> None:
    net, given = layer(), samples(4)
    as_described = quantise_akida(net, 1.0)
    assert all(loss.error == 0 for loss in as_described.losses.values())
    alone = present(as_described, given)
    for other in (sp.chips.Akida2(), sp.chips.NorthPole()):
        assert np.array_equal(present(other.quantise(net), given), alone)
    run = net_run(net, given[0])
    assert np.allclose(run["out", "v"].values[0].mean(0), alone[0])


def net_run(net: sp.Network, sample: np.ndarray) -> object:
    simulation = Simulation(net, dt=1.0, precision="float64")
    step, unit = np.nonzero(sample)
    simulation.inject("events", times=step + 1.0, ids=unit, counts=sample[step, unit])
    simulation.advance(float(len(sample)), progress=False)
    return simulation.recording()


def test_a_network_in_the_chips_numbers_passes_as_it_is() -> None:
    once = quantise_akida(layer(), 1.0)
    twice = quantise_akida(once.network, 1.0)
    assert twice.network.fingerprint == once.network.fingerprint


def test_few_bits_err_by_what_the_report_says() -> None:
    rng, net = np.random.default_rng(2), layer()
    kernel = rng.normal(size=(12, 4))
    third = sp.Network(seed=1)
    a = third.add(sp.Population("a", 12, FrameSource()))
    b = third.add(sp.Population("b", 4, FrameNeuron(theta=1.3, first=0.6)))
    third.drive(a, sp.ExternalSpikes(weight=1.0), name="events")
    third.connect(a, b, sp.Dense(kernel), sp.Delta(weight=1.0, delay=0.0), name="w")
    lost = [
        quantise_akida(third, 1.0, bits).losses["w"].error for bits in (2, 3, 4)
    ]  # fmt: skip
    assert lost[0] > lost[1] > lost[2] > 0.02
    assert quantise_requantising(third, 1.0, "x").losses["w"].error < 0.01
    assert "out" in net.populations


def test_a_neuron_that_always_fires_becomes_part_of_thresholds() -> None:
    """As normalisations are after training: a bias for each channel."""
    net, given = layer(), samples(3)
    always = sp.NeuronModel(
        "v[t+1] = 0 : 1", threshold="v >= 0", dimensionless=True, default_synapse="Delta"
    )
    one = net.add(sp.Population("bias", 1, always))
    biases = np.repeat(np.arange(-3, 3) / 2.0, 16)
    synapse = sp.Delta(weight=1.0, delay=0.0)
    net.connect(one, net["first"], sp.Dense(biases[None]), synapse)
    net.connect(one, net["out"], sp.Dense(np.array([[0.25, -0.5, 1.0, 0.0]])), synapse)
    quantised = quantise_akida(net, 1.0)
    assert "bias" not in quantised.network.populations
    found = present(quantised, given)
    assert not np.array_equal(found, present(quantise_akida(layer(), 1.0), given))
    for sample, answer in zip(given, found, strict=True):
        assert np.allclose(net_run(net, sample)["out", "v"].values[0].mean(0), answer)
    uneven = np.linspace(0, 1, 96)
    other = layer()
    one = other.add(sp.Population("bias", 1, always))
    other.connect(one, other["first"], sp.Dense(uneven[None]), synapse)
    with pytest.raises(ValidationError, match="differ within a channel"):
        quantise_akida(other, 1.0)


def test_the_host_keeps_the_leak_of_a_readout() -> None:
    rng, net = np.random.default_rng(4), sp.Network(seed=1)
    source = net.add(sp.Population("source", 20, FrameSource()))
    leaky = net.add(sp.Population("leaky", 4, sp.LeakyIntegrator(beta=0.5)))
    net.drive(source, sp.ExternalSpikes(weight=1.0), name="events")
    weights = rng.integers(-7, 8, (20, 4)) / 4.0
    net.connect(source, leaky, sp.Dense(weights), sp.Delta(weight=1.0, delay=0.0))
    net.record(leaky, "v")
    quantised = quantise_akida(net, 1.0)
    assert any("host keeps the leak" in note for note in quantised.notes)
    given = rng.poisson(0.5, (2, 5, 20)).astype(float)
    exact = [net_run(net, sample)["leaky", "v"].values[0].mean(0) for sample in given]
    assert np.allclose(present(quantised, given), exact)


def test_what_is_not_to_be_had_is_refused_by_name() -> None:
    chip = sp.chips.Akida()
    with pytest.raises(ValidationError, match=r"'cells'.*remembers.*framed"):
        net = sp.Network(seed=1)
        source = net.add(sp.Population("source", 4, sp.SpikeSource()))
        cells = net.add(sp.Population("cells", 4, sp.DiscreteLIF()))
        net.drive(source, sp.ExternalSpikes(weight=1.0))
        net.connect(source, cells, sp.AllToAll(), sp.Delta(weight=1.0, delay=0.0))
        chip.quantise(net)
    with pytest.raises(ValidationError, match=r"up to 7 .*\(1, 3, 15\)"):
        chip.quantise(layer(most=7))
    skipping = layer()
    skipping.connect(
        skipping["source"], skipping["second"], sp.Dense(np.full((128, 12), 0.125)),
        sp.Delta(weight=1.0, delay=0.0),
    )  # fmt: skip
    with pytest.raises(ValidationError, match="2 projections"):
        chip.quantise(skipping)
    assert len(sp.chips.Akida2().quantise(skipping).formats) == 4
    looped = layer()
    looped.connect(
        looped["second"], looped["second"], sp.AllToAll(), sp.Delta(weight=1.0, delay=1.0)
    )
    with pytest.raises(ValidationError, match="feed back"):
        chip.quantise(looped)


def test_frames_count_events_and_begin_anew() -> None:
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", 2, FrameSource(steps=3, most=3)))
    net.drive(source, sp.ExternalSpikes(weight=1.0), name="in")
    net.record(source, "spikes")
    simulation = Simulation(net, dt=1.0)
    simulation.inject(
        "in", times=[1.0, 2.0, 3.0, 4.0, 6.0], ids=[0, 0, 0, 1, 0], counts=[1, 1, 4, 1, 1]
    )
    simulation.advance(9.0, progress=False)
    record = simulation.recording().spikes["source"]
    assert list(zip(record.times, record.ids, record.values, strict=True)) == [
        (3.0, 0, 3), (6.0, 0, 1), (6.0, 1, 1),
    ]  # fmt: skip


def test_integrators_become_their_counts() -> None:
    """Without leak, a neuron with a soft reset has fired as often as its frame says."""
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", 6, sp.SpikeSource()))
    cells = net.add(sp.Population("cells", 5, sp.DiscreteLIF(beta=1.0)))
    net.drive(source, sp.ExternalSpikes(weight=1.0), name="in")
    weights = np.random.default_rng(0).uniform(0, 0.3, (6, 5))
    net.connect(source, cells, sp.Dense(weights), sp.Delta(weight=1.0, delay=0.0))
    net.record(cells, "spikes")
    given = np.random.default_rng(1).random((10, 6)) < 0.5
    counts = []
    for described in (net, framed(net, 10)):
        simulation = Simulation(described, dt=1.0, precision="float64")
        step, unit = np.nonzero(given)
        simulation.inject("in", times=step + 1.0, ids=unit)
        simulation.advance(10.0, progress=False)
        record = simulation.recording().spikes["cells"]
        values = np.ones(len(record.ids)) if record.values is None else record.values
        counts.append(np.bincount(record.ids, values, 5))
    assert np.array_equal(*counts)
    assert counts[0].sum() > 5


def test_rectifiers_are_rounded_by_the_values_that_occur() -> None:
    net = sp.layered((12,), [sp.Linear(9), sp.GradedReLU(), sp.Linear(4), "readout"], seed=2,
                     beta=0.0, gain=2.0, graded=True)  # fmt: skip
    inputs = np.random.default_rng(0).random((30, 12))
    made = levelled(net, inputs, most=15)
    quantised = sp.chips.Akida2().quantise(made)
    found = present(quantised, inputs[:, None], "input")
    exact = np.stack([net_readout(net, sample) for sample in inputs])
    assert np.abs(found - exact).max() < 0.12 * np.abs(exact).max()
    assert np.corrcoef(found.ravel(), exact.ravel())[0, 1] > 0.99


def net_readout(net: sp.Network, sample: np.ndarray) -> np.ndarray:
    simulation = Simulation(net, dt=1.0, precision="float64")
    at = np.arange(len(sample))
    simulation.inject("input", times=np.ones(len(sample)), ids=at, counts=sample)
    simulation.advance(1.0, progress=False)
    readout = list(net.populations)[-1]
    return np.asarray(simulation.recording()[readout, "v"].values)[0, 0]


def test_weights_of_two_bits_are_not_all_zero() -> None:
    """The step of least error: the greatest weight alone would leave little but zeros."""
    torch = pytest.importorskip("torch")
    from spikestack.training.quantising import quantised

    weights = torch.from_numpy(np.random.default_rng(0).normal(size=2000))
    made = quantised(weights, 2)
    (step,) = set(made.abs().unique().tolist()) - {0.0}
    assert np.log2(step) == round(np.log2(step))
    assert 0.2 < float((made != 0).double().mean()) < 0.8
    for other in (0.5 * step, 2 * step, 4 * step):
        rounded = torch.clamp(torch.round(weights / other), -1, 1) * other
        assert ((made - weights) ** 2).sum() < ((rounded - weights) ** 2).sum()
