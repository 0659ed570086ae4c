"""BrainScaleS: circuits that differ, calibration, networks on them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import spikestack as sp
from spikestack.chips.analog.seating import seat, wire
from spikestack.chips.analog.tuning import tuned, with_codes
from spikestack.chips.catalogue.brainscales import BrainScaleS1
from spikestack.chips.catalogue.brainscales2 import BrainScaleS2
from spikestack.chips.figures import Figure, Grade
from spikestack.errors import SpikestackError, ValidationError

NAMES = ("leak", "reset", "threshold", "tau_mem", "tau_exc", "tau_inh")
SHARES = ("tau_mem", "tau_exc", "tau_inh", "strength_exc", "strength_inh")


def driven(model: sp.NeuronModel | None = None, inhibition: float = -0.1) -> sp.Network:
    """40 neurons with Poisson input and inhibition among them."""
    net = sp.Network(seed=5)
    source = net.add(sp.Population("source", 50, sp.PoissonSource(rate=40.0)))
    model = sp.LIF(tau_refrac=2.0, v_reset=-62.0) if model is None else model
    cells = net.add(sp.Population("cells", 40, model))
    rule = sp.FixedInDegree(10)
    net.connect(source, cells, rule, sp.ExponentialCurrent(weight=0.9, delay=1.0))
    net.connect(cells, cells, rule, sp.ExponentialCurrent(weight=inhibition, delay=1.0))
    net.record(cells, "spikes")
    net.record(cells, "v")
    return net


def counts(run: sp.Recording) -> np.ndarray:
    return np.bincount(run["cells"].ids, minlength=40)


# ---------------------------------------------------------------------------- circuits


@pytest.mark.parametrize("kind", [BrainScaleS1, BrainScaleS2])
def test_every_number_is_described(kind: type) -> None:
    chip = kind()
    for name, figure in chip.figures().items():
        assert figure.source and figure.unit and isinstance(figure.grade, Grade), name
        assert str(figure) in chip.describe()


def test_a_chip_is_always_the_same_and_no_other() -> None:
    one, again, other = (BrainScaleS2(seed=s, calibrated=False).calibrate() for s in (3, 3, 4))
    for name in NAMES:
        assert np.array_equal(one.values[name], again.values[name])
        assert abs(np.corrcoef(one.values[name], other.values[name])[0, 1]) < 0.2


def test_calibration_brings_spreads_down() -> None:
    before, after = (BrainScaleS2(calibrated=c).calibrate() for c in (False, True))
    for name in SHARES:
        assert 0.20 < before.spread(name) < 0.40 and 0.02 < after.spread(name) < 0.10, name
    for name in ("leak", "reset", "threshold"):
        assert before.spread(name) > 6.0 and 1.0 < after.spread(name) < 3.0
    assert after.yield_ > 0.95 and before.yield_ == 1.0
    assert "tau_mem" in after.table() and "calibrated" in str(after)
    codes = after.codes["tau_mem"]
    assert (
        codes.min() >= 1
        and codes.max() <= 1023
        and codes.std() > 10 * (before.codes["tau_mem"].std() + 1)
    )


def test_what_cannot_be_reached_is_masked() -> None:
    """So fast a membrane is at the end of the codes of circuits that are slow by much."""
    found = BrainScaleS2().calibrate(tau_mem=0.06, strength_exc=1.0, strength_inh=1.0)
    missed = ~found.success["tau_mem"]
    assert missed.any() and not missed.all()
    assert not found.usable[missed].any() and 0.2 < found.yield_ < 1.0
    assert (found.codes["tau_mem"][missed] >= 1022).all()


def test_targets_are_checked() -> None:
    chip = BrainScaleS2()
    for wrong in ({"tau_m": 1.0}, {"tau_mem": 0.0}, {"leak": np.nan}, {"leak": np.ones(513)}):
        with pytest.raises(ValidationError):
            chip.calibrate(**wrong)
    for settings in ({"mismatch": -1.0}, {"noise": np.inf}, {"seed": 0.5}, {"faults": [512]}):
        with pytest.raises(ValidationError):
            BrainScaleS2(**settings).calibrate()


# ---------------------------------------------------------------------------- networks


def test_without_mismatch_it_does_what_is_described() -> None:
    net = driven()
    run = BrainScaleS2(mismatch=0.0, noise=0.0).run(net, 300.0, dt=0.1)
    told = net.run(300.0, dt=0.1)
    assert len(run["cells"].times) == pytest.approx(len(told["cells"].times), rel=0.02)
    assert np.corrcoef(counts(run), counts(told))[0, 1] > 0.9
    assert run["cells", "v"].unit == "mV"
    assert run["cells", "v"].values.mean() == pytest.approx(
        told["cells", "v"].values.mean(), abs=0.5
    )


def test_mismatch_shows_and_calibration_helps() -> None:
    net = driven()
    told = counts(net.run(300.0, dt=0.1))
    apart = [
        np.abs(counts(BrainScaleS2(noise=0.0, calibrated=c).run(net, 300.0, dt=0.1)) - told).mean()
        for c in (True, False)
    ]
    assert 0 < 2 * apart[0] < apart[1]


def test_adaptive_exponential_neurons() -> None:
    net = driven(sp.AdEx())
    run = BrainScaleS2(mismatch=0.0, noise=0.0).run(net, 300.0, dt=0.1)
    told = net.run(300.0, dt=0.1)
    assert len(run["cells"].times) == pytest.approx(len(told["cells"].times), rel=0.05)


def test_time_is_the_chips() -> None:
    net = driven()
    run = net.run(200.0, on=BrainScaleS2(), dt=0.1)
    assert run.hardware_seconds == pytest.approx(200e-6) and run.speedup == pytest.approx(1000)
    assert run.bill().total == run.bill().static == pytest.approx(0.2 * 200e-6)
    assert run.bill("system").total == pytest.approx(1.0 * 200e-6)
    assert net.run(200.0, on=BrainScaleS1(), dt=0.1).hardware_seconds == pytest.approx(20e-6)


def test_read_out_has_eight_bits_and_noise() -> None:
    net = driven()
    run = net.run(50.0, on=BrainScaleS2(), dt=0.1)
    seen = run.integers["cells", "v"].values
    assert np.array_equal(seen, np.rint(seen)) and seen.min() >= 0 and seen.max() <= 255
    rest = BrainScaleS2(noise=0.0).run(driven(), 1.0, dt=0.1).integers["cells", "v"].values
    assert 1.5 < rest[0].std(0).mean() < 2.6


def test_trials_differ_by_noise_alone() -> None:
    """The same chip, another seed of the network: other noise, the same circuits."""
    chip = BrainScaleS2()
    one, other = driven(), driven()
    other.seed = 6
    made = [chip.quantise(net, 0.1) for net in (one, other)]
    for name in ("leak", "tau_mem", "v_thresh"):
        values = [m.network["cells"].model.values[name] for m in made]
        assert np.array_equal(*values)


def test_layers_in_steps_are_some_steps_late() -> None:
    net = sp.Network(seed=1)
    model = sp.NeuronModel(
        "v[t+1] = v : 1", threshold="v >= 1", reset="v = 0", dimensionless=True,
        default_synapse="Delta",
    )  # fmt: skip
    source = net.add(sp.Population("source", 20, sp.SpikeSource()))
    first, second = (net.add(sp.Population(n, 20, model)) for n in ("first", "second"))
    out = net.add(sp.Population("out", 2, sp.LeakyIntegrator(beta=1.0)))
    now = {"delay": 0.0}
    net.connect(source, first, sp.OneToOne(), sp.Delta(weight=0.55, **now))
    net.connect(first, second, sp.OneToOne(), sp.Delta(weight=1.2, **now))
    net.connect(second, out, sp.Dense(np.ones((20, 2))), sp.Delta(**now))
    net.drive(source, sp.SpikeTrains(times=np.tile([2.0, 5.0], 20), ids=np.repeat(range(20), 2)))
    for p in (first, second):
        net.record(p, "spikes")
    net.record(out, "v")
    run = BrainScaleS2(mismatch=0.0, noise=0.0).run(net, 12.0)
    assert run.late == {"source": 0, "first": 1, "second": 3, "out": 4}
    told = net.run(12.0, dt=1.0)
    for name in ("first", "second"):
        assert np.array_equal(run[name].times - run.late[name], told[name].times)
    assert run["out", "v"].values[0, -1] == pytest.approx([20.0, 20.0])
    assert run.ledger.total("host words out") >= 20


# ---------------------------------------------------------------------------- limits


def test_neurons_sit_on_sound_circuits() -> None:
    chip = BrainScaleS2(faults=list(range(100)))
    made = chip.quantise(driven(), 0.1)
    assert made.plan.seats.circuits.min() >= 100
    wafer = BrainScaleS1(seed=2)
    assert 0.01 < (~wafer.sound).mean() < 0.03
    assert wafer.sound[wafer.quantise(driven(), 0.1).plan.seats.circuits].all()


def test_rows_have_one_sign_and_synapses_one_source() -> None:
    """Counted once more, edge by edge."""
    made = BrainScaleS2().quantise(driven(), 0.1)
    signs: dict[tuple[int, int], set[bool]] = {}
    taken, labels = set(), {}
    for name, places in made.synapses.items():
        edges = made.network.connections(name, dt=0.1)
        inhibits = made.network.projections[name].synapse.receives == "i_inh"
        pre = made.network.projections[name].rule.pre
        assert len(places) == len(edges.pre)
        for (core, row, column), i in zip(places.tolist(), np.asarray(pre).tolist(), strict=True):
            signs.setdefault((core, row), set()).add(inhibits)
            assert (core, row, column) not in taken
            taken.add((core, row, column))
            labels.setdefault((core, row), set()).add((name, i))
    assert all(len(s) == 1 for s in signs.values())
    assert max(len(s) for s in labels.values()) <= 64


@pytest.mark.parametrize("extra", [0, 1])
def test_fan_in_beyond_the_rows_takes_more_circuits(extra: int) -> None:
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", 256 + extra, sp.SpikeSource()))
    cell = net.add(sp.Population("cell", 1, sp.LIF()))
    net.connect(source, cell, sp.AllToAll(), sp.ExponentialCurrent(weight=0.1))
    made = BrainScaleS2().quantise(net, 0.1)
    assert made.plan.seats.merged.tolist() == [1 + extra]


@pytest.mark.parametrize("extra", [0, 1])
def test_a_chip_has_so_many_circuits(extra: int) -> None:
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", 1, sp.SpikeSource()))
    cells = net.add(sp.Population("cells", 512 + extra, sp.LIF()))
    net.connect(source, cells, sp.AllToAll(), sp.ExponentialCurrent(weight=0.1))
    chip = BrainScaleS2(mismatch=0.0)
    if not extra:
        assert len(chip.map(net, 0.1).cores) == 2
        return
    with pytest.raises(ValidationError, match=r"513 circuits.*use more chips"):
        chip.map(net, 0.1)
    assert len(BrainScaleS2(mismatch=0.0, chips=2).map(net, 0.1).cores) == 3


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (sp.DiscreteLIF(beta=0.9), "reset to a value"),
        (sp.Izhikevich(), "not linear"),
        (sp.LIF(v_reset=-40.0), "reset above"),
        (sp.GradedReLU(), "values"),
    ],
)
def test_what_it_cannot_do_is_refused(model: sp.NeuronModel, says: str) -> None:
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", 3, sp.SpikeSource()))
    cells = net.add(sp.Population("cells", 4, model))
    net.connect(source, cells, sp.AllToAll(), sp.Delta(weight=0.1, delay=1.0))
    with pytest.raises(SpikestackError, match=says):
        BrainScaleS2().quantise(net)


def test_delays_are_the_chips() -> None:
    net = driven()
    net.connect(net["cells"], net["cells"], sp.OneToOne(),
                sp.ExponentialCurrent(weight=0.1, delay=4.0), name="later")  # fmt: skip
    made = BrainScaleS2().quantise(net, 0.1)
    assert made.losses["later.delay"].error > 0.5 and "later" in made.notes[0]
    assert made.network.projections["later"].synapse.delay == pytest.approx(1.0)


def test_seats_and_wires_by_hand() -> None:
    """Two neurons that share a source of both signs, one more that hears everything twice."""
    seats = seat(np.array([1, 1, 2]), np.array([True, False, True, True, True]), 5)
    assert seats is not None and seats.circuits.tolist() == [0, 2, 3, 4]
    assert seat(np.array([3, 3]), np.ones(5, bool), 5) is None
    events, target = np.array([0, 0, 0, 1, 1]), np.array([0, 1, 2, 2, 2])
    inhibits = np.array([False, True, False, False, False])
    wires = wire(seats, events, target, inhibits, 3, 64)
    assert (wires.row >= 0).all() and wires.row[0] == wires.row[2] != wires.row[1]
    pairs = {(r, t, m) for r, t, m in zip(wires.row, target, wires.member, strict=True)}
    assert len(pairs) == 5


# ---------------------------------------------------------------------------- other weights


def test_weights_are_written_and_act_by_their_circuit() -> None:
    made = BrainScaleS2().quantise(driven(), 0.1)
    name = "source->cells"
    assert made.codes[name].max() == 63
    fewer = with_codes(made, {name: made.codes[name] // 2})
    acts = fewer.network.projections[name].synapse.weight
    assert np.allclose(acts, (made.codes[name] // 2) * made.factors[name])
    assert 0.02 < made.factors[name].std() < 0.15
    with pytest.raises(ValidationError, match="0 to 63"):
        with_codes(made, {name: made.codes[name] + 64})
    again = tuned(made, made.network)
    assert np.array_equal(again.codes[name], made.codes[name])


class Small(BrainScaleS2):
    """Half as many rows."""

    rows = replace(BrainScaleS2.rows, value=8)


def test_too_few_rows_are_made_up_for_by_circuits() -> None:
    net = driven()
    assert Small().quantise(net, 0.1).plan.seats.merged.mean() > 1.5
    with pytest.raises(ValidationError, match="circuits"):
        Small(faults=np.arange(60, 512)).quantise(net, 0.1)


def test_settings_keep_their_source() -> None:
    step = Figure(1.0, "us", Grade.DERIVED, "a run of ours")
    assert BrainScaleS2(step=step).step is step
