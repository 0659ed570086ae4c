"""References beside chips: a processor with its memory apart, a dense GPU, silence."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
from test_loihi import Small, hard, layered

import spikestack as sp
from spikestack.chips import ChipRun, Figure, Grade, Loihi, Prices, Scope
from spikestack.chips.beside import rows_beside, with_sample
from spikestack.chips.comparison import compare_chips
from spikestack.chips.measured import MEASURED, measured
from spikestack.chips.sweeping import RateSweep, fed, sweep
from spikestack.chips.von_neumann import LEVELS, Level, VonNeumann
from spikestack.chips.waterfall import GPUS, Gpu, waterfall
from spikestack.errors import UnknownNameError, ValidationError

# ---------------------------------------------------------------------------- silence


@pytest.fixture(scope="module")
def swept() -> RateSweep:
    return sweep(layered(), Small(), (40.0, 0.0, 10.0), 100.0, progress=False)


def test_in_silence_only_idle_updates_and_static_power_remain(swept: RateSweep) -> None:
    silent = swept.points[0]
    assert silent.rate == silent.sent == silent.spikes == silent.events == silent.driven == 0
    assert silent.idle == 75 * 100
    assert {group for group, joules in silent.dynamic.items() if joules} == {"looking at neurons"}
    assert silent.dynamic["looking at neurons"] == pytest.approx(7500 * 51.2e-12)
    assert silent.static == pytest.approx(0.104 * 0.1) and silent.host == 0


def test_energy_grows_with_the_rate_of_sources(swept: RateSweep) -> None:
    rates = [p.rate for p in swept.points]
    assert rates == [0.0, 10.0, 40.0]
    for name in ("sent", "spikes", "events", "joules"):
        found = [getattr(p, name) for p in swept.points]
        assert found == sorted(found) and found[0] < found[2], name
    assert swept.points[2].sent == pytest.approx(40 * 40 * 0.1, rel=0.3)
    assert len(swept.plain()) == 3 and "looking at neurons" in str(swept)
    swept.plot().canvas.draw()


def test_spikes_of_a_lower_rate_are_among_those_of_a_higher() -> None:
    low, high = (fed(layered(), rate, 50, 1.0)[0] for rate in (20.0, 60.0))
    given = [
        set(zip(net.drives["sweep of source"].input.times.tolist(),
                net.drives["sweep of source"].input.ids.tolist(), strict=True))
        for net in (low, high)
    ]  # fmt: skip
    assert given[0] < given[1]


@pytest.mark.parametrize("rates", [(), (-1.0,), (1001.0,), (float("nan"),)])
def test_rates_that_cannot_be_had(rates: tuple[float, ...]) -> None:
    with pytest.raises(ValidationError, match="rates"):
        sweep(layered(), Small(), rates, 10.0, progress=False)


# ---------------------------------------------------------------------------- memory apart


def pulses(n: int, fan: int, steps: int, every: int) -> sp.Network:
    """One source that reaches `fan` of `n` neurons every so many steps."""
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", 1, sp.SpikeSource()))
    cells = net.add(sp.Population("cells", n, hard()))
    net.drive(source, sp.SpikeTrains([np.arange(1.0, steps + 1.0, every)]))
    to = np.arange(fan)
    net.connect(source, cells, sp.FromArrays(np.zeros(fan, int), to), sp.Delta(weight=1e-6))
    return net


def small(l1: float, l2: float) -> tuple[Level, ...]:
    return (Level("L1", l1, LEVELS[0].energy), Level("L2", l2, LEVELS[1].energy), LEVELS[3])


def test_words_are_counted_from_events() -> None:
    """10 spikes onto 50 of 100 neurons: 50 synapses of 8 bytes, 101 states of 4."""
    found = VonNeumann(small(100e3, 1e6)).run(pulses(100, 50, 20, 2), 20.0)
    assert found.events == 500 and found.updates == 2020
    # The first touch of each comes from the memory.
    assert found.words["synapses"].tolist() == [9 * 50, 0, 50]
    assert found.words["states"].tolist() == [19 * 101, 0, 101]
    # Each event reads and writes 4 bytes where input is added up.
    assert found.words["inputs"].tolist() == [500, 0, 0]
    l1, l2, dram = 20e-12, 100e-12, 1.95e-9
    far = l1 + l2 + dram
    assert found.joules("synapses") == pytest.approx(450 * l1 + 50 * far)
    assert found.local_joules == pytest.approx(found.total_words * 10e-12)
    assert found.colocation == pytest.approx(found.joules() / found.local_joules)


def test_what_does_not_fit_comes_from_further_away() -> None:
    net = pulses(100, 50, 20, 1)
    # 404 bytes of states, 404 of inputs, 400 of synapses are touched in every step.
    near, edge, far = (
        VonNeumann(small(l1, 10e3)).run(net, 20.0).words["synapses"] for l1 in (1208, 1207, 64)
    )
    assert near.tolist() == [19 * 50, 0, 50]
    assert edge.tolist() == far.tolist() == [0, 19 * 50, 50]
    energies = [
        VonNeumann(small(size, 1e6)).run(net, 20.0).joules() for size in (1e5, 1208, 800, 64)
    ]
    assert energies == sorted(energies)


def test_dense_machines_read_every_synapse_in_every_step() -> None:
    net = pulses(100, 50, 20, 5)
    sparse, dense = (VonNeumann(dense=d).run(net, 20.0) for d in (False, True))
    assert sparse.events == 4 * 50 and dense.events == 20 * 50
    assert dense.joules() > sparse.joules()
    silent = VonNeumann().run(pulses(100, 50, 0, 5), 20.0)
    assert silent.events == 0 and silent.joules_per_event is None
    assert silent.words["synapses"].sum() == 0 < silent.words["states"].sum()


def test_any_network_has_a_reference_beside_its_chip() -> None:
    net = layered()
    run = Small().run(net, 50, progress=False)
    found = VonNeumann().beside(run, progress=False)
    inside = run.ledger.total("dense events")
    assert found.events == inside
    assert found.colocation > 1
    assert str(found).count("\n") == 5 and found.plain()["colocation"] == found.colocation
    plastic = sp.Network(seed=1)
    cells = plastic.add(sp.Population("cells", 30, sp.LIF(i_offset=1.2)))
    plastic.connect(cells, cells, sp.AllToAll(), sp.ExponentialCurrent(weight=0.01, delay=1.0))
    other = sp.Network(seed=1)
    cells = other.add(sp.Population("cells", 30, sp.LIF(i_offset=1.2)))
    other.connect(
        cells, cells, sp.AllToAll(), sp.ExponentialCurrent(weight=0.01, delay=1.0),
        plasticity=sp.AdditiveSTDP(A_plus=0.0, A_minus=0.0),
    )  # fmt: skip
    once, twice = (VonNeumann().run(n, 50.0) for n in (plastic, other))
    assert twice.words["synapses"].sum() == 2 * once.words["synapses"].sum() > 0


def test_kernels_are_held_once() -> None:
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", (1, 8, 8), sp.SpikeSource()))
    cells = net.add(sp.Population("cells", (2, 6, 6), hard()))
    net.drive(source, sp.SpikeTrains(times=[1.0, 3.0], ids=[27, 27]))
    net.connect(source, cells, sp.Convolution(np.ones((2, 1, 3, 3))), sp.Delta(weight=1e-3))
    found = VonNeumann().run(net, 5.0)
    assert found.events == 2 * 18
    assert found.words["kernels"].sum() == 2 * 18 / 2 and found.words["synapses"].sum() == 0


@pytest.mark.parametrize(
    "settings",
    [
        {"levels": ()}, {"levels": LEVELS[:2]}, {"levels": (LEVELS[1], LEVELS[0], LEVELS[3])},
        {"weight_bits": 65}, {"state_bits": True},
    ],
)  # fmt: skip
def test_machines_that_cannot_be(settings: dict) -> None:
    with pytest.raises(ValidationError):
        VonNeumann(**settings)


def fed_from_outside() -> sp.Network:
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", 6, sp.SpikeSource()))
    cells = net.add(sp.Population("cells", 4, hard()))
    net.drive(source, sp.ExternalSpikes(), name="events")
    net.connect(source, cells, sp.Dense(np.full((6, 4), 0.1)), sp.Delta(weight=1.0))
    return net


def test_rows_of_other_hardware() -> None:
    sample = np.zeros((10, 6), np.int64)
    sample[[2, 5], [1, 3]] = 1, 2
    net = fed_from_outside()
    fed = with_sample(net, sample)
    assert sorted(fed.drives["events"].input.times.tolist()) == [3.0, 6.0, 6.0]
    rows = {r.on: r for r in rows_beside(net, 10.0, sample=sample)}
    assert len(rows) == 1 + len(GPUS)
    published = rows["GPU, one input at a time"]
    macs = 24 * 10
    assert published.dynamic == pytest.approx(macs * 0.0298 / 172_800)
    assert published.seconds == pytest.approx(macs / 172_800 / 770)
    assert all(r.grade and r.notes and r.energy for r in rows.values())
    text = str(compare_chips(fed, [Loihi()], duration=10.0, others=tuple(rows.values())))
    assert all(name in text for name in rows)
    with pytest.raises(ValidationError, match="shape"):
        with_sample(net, sample[:, :3])
    with pytest.raises(ValidationError, match="none of"):
        with_sample(net, sample, "other")


# ---------------------------------------------------------------------------- a dense GPU


@pytest.fixture(scope="module")
def run() -> ChipRun:
    fast = Figure(10.0, "us", Grade.DERIVED, "this test")
    return Loihi(step=fast).run(layered(), 200, progress=False)


def test_each_reason_alone_and_one_after_the_other(run: ChipRun) -> None:
    found = waterfall(run, "modelled", inferences=10)
    assert list(found.stages) == ["dense", "idle", "data movement", "sparsity", "precision", "chip"]
    assert found.stages["idle"] == found.alone["idle"]
    assert found.stages["chip"] == pytest.approx(run.bill().total / 10)
    assert found.dense == pytest.approx(sum(found.parts.values()))
    macs = (40 * 60 + 60 * 10 + 40 * 10 + 10 * 5) * 20
    assert found.macs == macs
    assert found.parts["data"] + found.parts["arithmetic"] == pytest.approx(
        macs * (4.6e-12 + 0.975e-9)
    )
    events = run.ledger.total("dense events") / 10
    assert found.density == pytest.approx(events / macs)
    spared = found.dense - found.alone["sparsity"]
    assert spared == pytest.approx((1 - found.density) * (found.dense - found.parts["idle"]))
    assert all(found.alone[name] < found.dense for name in found.alone)
    assert found.plain()["claim"] == 1000 and "beside a claim of 1,000" in str(found)
    found.plot().canvas.draw()


def test_the_density_at_which_the_gpu_wins(run: ChipRun) -> None:
    for name in GPUS:
        found = waterfall(run, name, inferences=10)
        if found.crossing:
            assert found.at(found.crossing) == pytest.approx(found.dense)
        elif found.crossing is None:
            assert found.at(1.0) < found.dense
        else:
            assert found.at(0.0) >= found.dense
    price = Figure(1e-11, "J", Grade.DERIVED, "this test")
    idle = Figure(3e-10, "J", Grade.DERIVED, "this test")
    middle = waterfall(run, Gpu("made up", idle, price), inferences=10)
    assert middle.crossing is not None and 0 < middle.crossing < 1
    assert f"{middle.crossing:.3g}" in str(middle)
    assert waterfall(run, "peak", passes=1).macs == 3450
    assert found.at(found.density) == pytest.approx(found.stages["chip"])


class Unpriced(Loihi):
    """Of which nothing is published, or no static power."""

    prices: ClassVar = {
        "none": Prices("none", Scope.PER_TERM, {}),
        "events": replace(Loihi.prices["fit"], static={}),
    }


def test_what_is_not_published_is_said(run: ChipRun) -> None:
    bare = Unpriced().run(layered(), 20, progress=False)
    with pytest.raises(ValidationError, match="nothing is published"):
        waterfall(bare)
    assert "nothing is published of static power" in str(waterfall(bare, table="events"))
    assert not waterfall(run).unpriced
    with pytest.raises(UnknownNameError):
        waterfall(run, table="guess")


def test_what_a_waterfall_cannot_take(run: ChipRun) -> None:
    with pytest.raises(ValidationError, match="published or modelled or peak"):
        waterfall(run, "best")
    with pytest.raises(ValidationError, match="inferences"):
        waterfall(run, inferences=0)


def test_published_measurements_agree_with_themselves() -> None:
    """R1: power and rate give the energies that are quoted, and these the ratios."""
    rows = measured("keyword spotting")
    assert [row.device for row in rows] == ["GPU", "CPU", "Jetson TX1", "Movidius", "Loihi"]
    for row in rows:
        assert row["running"] - row["idle"] == pytest.approx(row["dynamic"], rel=0.02)
        assert row["dynamic"] / row["rate"] == pytest.approx(row["energy"], rel=0.05)
    gpu, cpu, *_, loihi = (row["energy"] for row in rows)
    assert cpu / loihi == pytest.approx(23, rel=0.03)
    assert gpu / loihi == pytest.approx(110, rel=0.03)
    for row in MEASURED:
        assert all(f.source and f.unit for f in row.quantities.values()) and row.device in str(row)
    for machine in GPUS.values():
        assert machine.dynamic.grade in (Grade.DERIVED, Grade.UNVERIFIED)
