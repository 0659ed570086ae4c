"""TrueNorth's neuron: bits against RANC, chance by its moments, twenty classes of behaviour."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spikestack as sp
from spikestack.chips.mapping.crossbar_tables import CrossbarRun, CrossbarTables
from spikestack.chips.neurons.truenorth import StochasticTrueNorthNeuron, TrueNorthNeuron
from spikestack.chips.replaying.ranc import read
from spikestack.errors import ValidationError

VECTORS = Path(__file__).parent.parent / "vectors" / "chips"
SILENT = 2**18 - 1


# ---------------------------------------------------------------------------- bits


def test_tables_give_the_spikes_of_ranc() -> None:
    """Eight cores as they are loaded, and a bus as one more core without synapses."""
    data = read(VECTORS / "ranc_s0.json.gz")
    given, config = data["network"], data["config"]
    cores, n = given["cores"], config["num_neurons"]
    place = {tuple(core["coordinates"]): k for k, core in enumerate(cores)}
    place[tuple(given["output_bus"]["coordinates"])] = len(cores)
    count = len(cores) + 1
    each = [core["neurons"] for core in cores]

    def of(name: str) -> np.ndarray:
        made = np.zeros((count, n), np.int64)
        made[:-1] = [[neuron[name] for neuron in core] for core in each]
        return made

    types = np.zeros((count, n), np.int64)
    types[:-1] = [core["axons"] for core in cores]
    synapses = np.zeros((count, n, n), bool)
    synapses[:-1] = [np.array(core["connections"]).T for core in cores]
    weights = np.zeros((count, n, 4), np.int64)
    weights[:-1] = [[neuron["weights"] for neuron in core] for core in each]
    to, delays = np.full((count, n), -1), np.ones((count, n), np.int64)
    for k, core in enumerate(cores):
        for j, neuron in enumerate(core["neurons"]):
            offset = neuron["destination_core_offset"]
            at = place.get(tuple(np.add(core["coordinates"], offset).tolist()))
            if at is not None:
                to[k, j] = at * n + neuron["destination_axon"]
                delays[k, j] = 1 if at == len(cores) else 1 + neuron["destination_tick"]
    theta = of("positive_threshold")
    theta[-1] = SILENT
    parameters = {
        "theta": theta, "beta": -of("negative_threshold"), "leak": of("leak"),
        "gamma": of("reset_mode"), "v_reset": of("reset_potential"),
        "includes": np.full((count, n), config["neuron_reset_type"]),
    }  # fmt: skip
    tables = CrossbarTables(
        types, synapses, weights, np.zeros_like(weights), parameters, to, delays,
        of("current_potential"),
    )  # fmt: skip
    packets = [
        (tick + 1 + p["destination_tick"],
         place[tuple(p["destination_core"])] * n + p["destination_axon"])
        for tick, batch in enumerate(given["packets"]) for p in batch
    ]  # fmt: skip
    theirs = np.array(data["output"])
    raster = tables.run(len(theirs), np.array(packets)).raster
    ours = np.zeros_like(theirs)
    t, k, j = np.nonzero(raster & (to >= len(cores) * n))
    kept = t + 1 < len(ours)
    ours[t[kept] + 1, to[k[kept], j[kept]] - len(cores) * n] = 1
    assert ours.sum() > 100
    assert np.array_equal(ours, theirs)


def native(seed: int, model: Any, size: int = 60) -> sp.Network:
    """Neurons of the chip's own model, driven through axons of four types."""
    rng = np.random.default_rng(seed)
    net = sp.Network(seed=seed)
    source = net.add(sp.Population("source", 40, sp.SpikeSource()))
    cells = net.add(sp.Population("cells", size, model))
    at, ids = np.nonzero(rng.random((150, 40)) < 0.2)
    net.drive(source, sp.SpikeTrains(times=at + 1.0, ids=ids))
    pre, post = np.nonzero(rng.random((40, size)) < 0.5)
    weight = rng.choice([-9.0, -4.0, 5.0, 12.0], len(pre))
    net.connect(source, cells, sp.FromArrays(pre, post), sp.Delta(weight=weight, delay=1.0))
    net.record(cells, "spikes")
    net.record(cells, "v")
    return net


@pytest.mark.parametrize("seed", range(3))
def test_model_and_kernel_are_equal_bit_by_bit(seed: int) -> None:
    """Every reset, both thresholds, both leaks: potentials of all ticks, to the last bit."""
    rng = np.random.default_rng(100 + seed)
    model = TrueNorthNeuron(
        leak=rng.integers(-9, 10, 60).astype(float), reversal=rng.integers(0, 2, 60) * 1.0,
        theta=rng.integers(5, 60, 60) * 1.0, beta=rng.integers(0, 40, 60) * 1.0,
        kappa=rng.integers(0, 2, 60) * 1.0, gamma=rng.integers(0, 3, 60) * 1.0,
        v_reset=rng.integers(-20, 5, 60) * 1.0, v=rng.integers(-3, 4, 60) * 1.0,
    )  # fmt: skip
    net = native(seed, model)
    mapped = sp.chips.TrueNorth().map(net)
    run = mapped.chip.execute(mapped, 160, False)
    step, ids = np.nonzero(np.random.default_rng(seed).random((150, 40)) < 0.2)
    packets = mapped.packets("source", step + 1, ids)
    loaded, core, slot = mapped.tables(), mapped.core_of["cells"], mapped.slots["cells"]
    raster = loaded.run(160, packets).raster[:, core, slot]
    at = np.rint(run["cells"].times).astype(int) - 1
    ours = np.zeros_like(raster)
    ours[at, run["cells"].ids] = True
    assert 300 < ours.sum() == raster.sum()
    assert np.array_equal(ours, raster)
    assert np.array_equal(loaded.run(160, packets).v[core, slot], run["cells", "v"].values[0][-1])


# ---------------------------------------------------------------------------- chance


def single(weight: int, drawn: bool, axons: int, neurons: int, **given: int) -> CrossbarTables:
    """One core: all axons of one type at all neurons, which never fire."""
    shape = (1, neurons)
    parameters = {"theta": np.full(shape, SILENT), "beta": np.full(shape, SILENT)}
    parameters |= {name: np.full(shape, value) for name, value in given.items()}
    return CrossbarTables(
        np.zeros((1, axons), np.int64), np.ones((1, axons, neurons), bool),
        np.full((*shape, 4), weight), np.full((*shape, 4), drawn), parameters,
        np.full(shape, -1), np.ones(shape, np.int64), np.zeros(shape, np.int64),
    )  # fmt: skip


def all_axons(axons: int, ticks: int) -> np.ndarray:
    tick, axon = np.meshgrid(np.arange(1, ticks + 1), np.arange(axons), indexing="ij")
    return np.stack([tick.ravel(), axon.ravel()], axis=1)


@pytest.mark.parametrize("weight", [31, -127, 255])
def test_drawn_synapses_are_binomial(weight: int) -> None:
    """Each event adds the sign with probability (|s| + 1)/256, events apart from each other."""
    run = single(weight, True, 20, 256).run(100, all_axons(20, 100), seed=5)
    p, n = (abs(weight) + 1) / 256, 20 * 100
    v = np.sign(weight) * run.v[0]
    assert v.mean() == pytest.approx(n * p, abs=5 * np.sqrt(n * p * (1 - p) / 256) + 1e-9)
    assert v.var() == pytest.approx(n * p * (1 - p), rel=0.5)
    fixed = single(weight, False, 20, 256).run(10, all_axons(20, 10))
    assert (fixed.v == np.clip(200 * weight, -SILENT, None)).all()


def test_drawn_events_do_not_depend_on_pieces_nor_on_other_neurons() -> None:
    tables, packets = single(80, True, 20, 64), all_axons(20, 40)
    whole = tables.run(40, packets, seed=9)
    pieces = CrossbarRun(tables, 9)
    for begin, end in ((0, 1), (1, 17), (17, 40)):
        inside = (packets[:, 0] > begin) & (packets[:, 0] <= end)
        pieces.advance(end - begin, packets[inside])
    assert np.array_equal(whole.v, pieces.v)
    assert np.array_equal(whole.v[:, :10], single(80, True, 20, 10).run(40, packets, seed=9).v)
    assert not np.array_equal(whole.v, tables.run(40, packets, seed=10).v)


def test_drawn_leaks_in_model_and_kernel() -> None:
    p = 64 / 256
    kernel = single(0, False, 1, 4000, leak=-63, leak_draws=1).run(100).v[0]
    net = sp.Network(seed=4)
    model = StochasticTrueNorthNeuron(leak=-63.0, leak_draws=1.0, theta=float(SILENT))
    cells = net.add(sp.Population("cells", 4000, model))
    net.record(cells, "v", interval=100.0)
    engine = net.run(100, dt=1.0, precision="float64")["cells", "v"].values[0][-1]
    for v in (kernel, engine):
        assert v.mean() == pytest.approx(-100 * p, abs=5 * np.sqrt(100 * p * (1 - p) / 4000))
        assert v.var() == pytest.approx(100 * p * (1 - p), rel=0.15)


def test_trembling_thresholds_in_model_and_kernel() -> None:
    """v stays at 10 with theta 8: it fires where the draw from 0 to 15 is 2 at most."""
    given = {"theta": 8, "mask": 15, "gamma": 2}
    tables = single(0, False, 1, 2000, **given)
    tables.start[:] = 10
    kernel = tables.run(50).raster.mean()
    net = sp.Network(seed=4)
    values = {name: float(value) for name, value in given.items()}
    cells = net.add(sp.Population("cells", 2000, StochasticTrueNorthNeuron(v=10.0, **values)))
    net.record(cells, "spikes")
    engine = len(net.run(50, dt=1.0, precision="float64")["cells"].times) / 100_000
    assert kernel == pytest.approx(3 / 16, abs=5 * np.sqrt(3 / 16 * 13 / 16 / 100_000))
    assert engine == pytest.approx(3 / 16, abs=5 * np.sqrt(3 / 16 * 13 / 16 / 100_000))


def test_tables_that_no_core_holds_are_refused() -> None:
    good = single(1, False, 4, 4)
    for name, value in (("types", 4), ("weights", 256), ("to", 4)):
        bad = {k: getattr(good, k) for k in good.__dataclass_fields__}
        bad[name] = np.full_like(bad[name], value)
        with pytest.raises(ValidationError, match=name):
            CrossbarTables(**bad)
    with pytest.raises(ValidationError, match="no axon"):
        good.run(3, np.array([[1, 4]]))


# ---------------------------------------------------------------------------- behaviours


def pulses(*parts: tuple[int, int]) -> list[int]:
    """Ticks from each begin to before each end."""
    return [t for begin, end in parts for t in range(begin, end)]


def spikes(
    neurons: list[TrueNorthNeuron],
    inputs: list[tuple[int, int, list[int]]],
    wires: tuple[tuple[int, int, int, int], ...] = (),
    ticks: int = 200,
) -> list[list[int]]:
    """Ticks in which each neuron fires.

    Inputs are (neuron, weight, ticks), wires (from, to, weight, delay).
    """
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", max(1, len(inputs)), sp.SpikeSource()))
    cells = [net.add(sp.Population(f"n{k}", 1, model)) for k, model in enumerate(neurons)]
    times = [(float(t), k) for k, (_, _, at) in enumerate(inputs) for t in at]
    if times:
        t, ids = zip(*sorted(times), strict=True)
        net.drive(source, sp.SpikeTrains(times=np.array(t), ids=np.array(ids)))
    for k, (to, weight, _) in enumerate(inputs):
        net.connect(source[k : k + 1], cells[to], sp.AllToAll(),
                    sp.Delta(weight=float(weight), delay=0.0), name=f"in {k}")  # fmt: skip
    for k, (pre, post, weight, delay) in enumerate(wires):
        net.connect(cells[pre], cells[post], sp.AllToAll(),
                    sp.Delta(weight=float(weight), delay=float(delay)), name=f"w {k}")  # fmt: skip
    for cell in cells:
        net.record(cell, "spikes")
    found = net.run(float(ticks), dt=1.0, precision="float64")
    return [np.rint(found[f"n{k}"].times).astype(int).tolist() for k in range(len(cells))]


def neuron(**values: float) -> TrueNorthNeuron:
    return TrueNorthNeuron(**{name: float(value) for name, value in values.items()})


def test_tonic_spiking_and_class_1() -> None:
    """Regular intervals; the rate is the input by the threshold, as low as one likes."""
    assert spikes([neuron(theta=32)], [(0, 4, pulses((1, 200)))])[0] == list(range(8, 200, 8))
    counts = [
        len(spikes([neuron(theta=64, gamma=1)], [(0, w, pulses((1, 193)))])[0])
        for w in (1, 2, 4, 8)
    ]
    assert counts == [3, 6, 12, 24]


def test_phasic_spiking_and_phasic_bursting() -> None:
    """Inhibition follows excitation some ticks later: it fires as an input begins, and no more."""
    begins, length = (10, 100), 60
    on = pulses(*((b, b + length) for b in begins))
    for delay, expected in ((3, [12, 102]), (9, [12, 15, 18, 102, 105, 108])):
        off = [t + delay for t in on]
        cell = neuron(theta=30, beta=0)
        assert spikes([cell], [(0, 10, on), (0, -10, off)])[0] == expected


def test_tonic_bursting() -> None:
    """A second neuron counts four spikes, and silences the first for a while."""
    cells = [neuron(theta=20), neuron(theta=4)]
    wires = ((0, 1, 1, 1), (1, 0, -100, 1))
    found = spikes(cells, [(0, 10, pulses((1, 200)))], wires)[0]
    assert np.diff(found).tolist() == 10 * [2, 2, 2, 12] + [2, 2, 2]


def test_mixed_mode() -> None:
    """A burst, then single spikes at a lower rate."""
    on = pulses((1, 200))
    found = spikes([neuron(theta=20)], [(0, 10, on), (0, -8, [t + 8 for t in on])])[0]
    gaps = np.diff(found)
    assert (gaps[:2] == 2).all() and (gaps[-10:] == 10).all() and set(gaps) <= {2, 3, 4, 6, 8, 10}


def test_spike_frequency_adaptation() -> None:
    """Every spike up to the sixth switches on a neuron that goes on taking one off the input."""
    wires = [(0, k, 1, 1) for k in range(1, 7)] + [(k, 0, -1, 1) for k in range(1, 7)]
    cells = [neuron(theta=60), *(neuron(theta=k, gamma=2) for k in range(1, 7))]
    found = spikes(cells, [(0, 10, pulses((1, 400)))], tuple(wires), 400)[0]
    gaps = np.diff(found)
    assert (np.diff(gaps) >= 0).all()
    assert gaps[0] <= 7 and gaps[-1] == 15


def test_class_2() -> None:
    """No spikes up to a strength of input, and from there on at once a high rate."""
    counts = [
        len(spikes([neuron(theta=34, v_reset=31, leak=-6, beta=0)], [(0, w, pulses((1, 301)))],
                   ticks=300)[0])
        for w in (5, 6, 7)
    ]  # fmt: skip
    assert counts[:2] == [0, 0] and counts[2] == 1 + (300 - 34) // 3


def test_spike_latency() -> None:
    """A leak away from 0 carries a pulse up to the threshold, the sooner the larger it was."""
    for size in (3, 6, 12):
        cell = neuron(theta=20, leak=1, reversal=1)
        assert spikes([cell], [(0, size, [10])])[0] == [10 + 19 - size]


def test_subthreshold_oscillations() -> None:
    """A pulse makes it fire once; a second neuron then drives it down again and again."""
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", 1, sp.SpikeSource()))
    cell = net.add(sp.Population("cell", 1, neuron(theta=20, beta=8, kappa=0, gamma=1)))
    other = net.add(sp.Population("other", 1, neuron(theta=1, gamma=2)))
    net.drive(source, sp.SpikeTrains(times=np.array([20.0]), ids=np.array([0])))
    net.connect(source, cell, sp.AllToAll(), sp.Delta(weight=20.0, delay=0.0))
    net.connect(cell, other, sp.AllToAll(), sp.Delta(weight=1.0, delay=1.0))
    net.connect(other, cell, sp.AllToAll(), sp.Delta(weight=-1.0, delay=1.0))
    net.record(cell, "spikes")
    net.record(cell, "v")
    found = net.run(100.0, dt=1.0, precision="float64")
    v = found["cell", "v"].values.ravel()
    assert found["cell"].times.tolist() == [20.0]
    assert (v[:21] == 0).all() and set(v[31:]) == set(range(-8, 0))
    assert np.array_equal(v[31:-8], v[39:]) and not np.array_equal(v[31:-4], v[35:])


def test_resonator() -> None:
    """An input and itself five ticks later: two pulses count if they are that far apart."""
    heard = {}
    for apart in range(1, 12):
        on = [20, 20 + apart]
        cell = neuron(theta=20, leak=-11, reversal=1, kappa=1, beta=0)
        # The leak acts in the tick of the pulse already.
        heard[apart] = spikes([cell], [(0, 20, on), (0, 20, [t + 5 for t in on])])[0]
    assert [a for a, found in heard.items() if found] == [5]


def test_integrator() -> None:
    """Pulses close to each other add up, those far apart leak away."""
    for apart, expected in ((2, 1), (4, 1), (8, 0), (20, 0)):
        cell = neuron(theta=14, leak=-1, reversal=1)
        assert len(spikes([cell], [(0, 10, [20, 20 + apart])])[0]) == expected


REBOUND = {"theta": 20, "beta": 40, "kappa": 0, "v_reset": -31, "leak": -1, "reversal": 1}


def test_rebound_spike_and_rebound_burst() -> None:
    """Strong inhibition flips the potential: one spike; through a second neuron, four."""
    assert spikes([neuron(**REBOUND)], [(0, -50, [30])])[0] == [31]
    assert spikes([neuron(**REBOUND)], [(0, -30, [30])])[0] == []
    pair = [neuron(**REBOUND), neuron(theta=10, gamma=1)]
    assert spikes(pair, [(0, -50, [30])], ((0, 1, 40, 1),))[1] == [32, 33, 34, 35]


def test_threshold_variability() -> None:
    """Inhibition shortly before makes a pulse fire that alone does not."""
    given = REBOUND | {"v_reset": -15}
    assert spikes([neuron(**given)], [(0, 10, [35])])[0] == []
    assert spikes([neuron(**given)], [(0, -50, [33]), (0, 10, [35])])[0] == [35]


def test_bistability() -> None:
    """One pulse makes it fire for good, another one stops it."""
    cell = neuron(theta=10, gamma=2)
    assert spikes([cell], [(0, 10, [20]), (0, -10, [80])])[0] == list(range(20, 80))


def test_depolarising_after_potential() -> None:
    """After a spike it is nearer to the threshold, for some ticks."""
    given = {"theta": 20, "v_reset": 15, "leak": -1, "reversal": 1}
    second = [
        len(spikes([neuron(**given)], [(0, 25, [20]), (0, 12, [20 + after])])[0]) == 2
        for after in (1, 7, 8, 16)
    ]
    assert second == [True, True, False, False]


def test_accommodation() -> None:
    """What comes slowly leaks away, as much within few ticks does not."""
    cell = neuron(theta=18, leak=-2, reversal=1)
    assert spikes([cell], [(0, 2, pulses((10, 50)))])[0] == []
    assert spikes([cell], [(0, 20, [10])])[0] == [10]


def test_inhibition_induced_spiking_and_bursting() -> None:
    cells = [neuron(**REBOUND), neuron(theta=10, gamma=1)]
    alone, burst = spikes(cells, [(0, -4, pulses((20, 200)))], ((0, 1, 30, 1),))
    assert len(alone) > 5 and alone[0] > 20
    assert len(set(np.diff(alone))) == 1
    assert burst == [t + k for t in alone for k in (1, 2, 3) if t + k <= 200]
    assert spikes([neuron(**REBOUND)], [(0, -4, [])])[0] == []
