"""Power management of finished runs: what policies save and cost, other prices, fewer bits."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_loihi import Small, hard, layered

import spikestack as sp
from spikestack.chips import ChipRun, Figure, Grade, Loihi, Prices, Scope, all_chips
from spikestack.chips.power.coarsening import coarsened, few_bits
from spikestack.chips.power.laws import Laws, laws_of
from spikestack.chips.power.policies import (
    ClockGating,
    FullPower,
    PowerGating,
    Together,
    VoltageScaling,
    manage,
)
from spikestack.chips.power.precision import adapt_precision
from spikestack.chips.power.profile import Profile, profile_of
from spikestack.chips.power.schedule import Schedule, managed
from spikestack.chips.power.what_if import what_if
from spikestack.chips.quantising import Quantised
from spikestack.errors import SpikestackError, UnknownNameError, ValidationError


@pytest.fixture(scope="module")
def run() -> ChipRun:
    return Small().run(layered(), 202)


def profile(driven: np.ndarray, places: float = 100.0, step: float = 1e-3) -> Profile:
    """Cores of 100 neurons: 1 pJ for looking at one, 10 pJ and 10 ns for an update."""
    driven = np.asarray(driven, float)
    held = np.full(driven.shape[1], 100.0)
    return Profile(
        "made up", Scope.PER_TERM, 1e-12 * held + 1e-11 * driven, 0.0, 0.0, 1e-8 * driven, 1e-6,
        step, driven > 0, driven, held, np.full(driven.shape[1], places), 0.1,
        8 - driven.shape[1], int(driven.sum()), len(driven) * 1e-3,
    )  # fmt: skip


# ---------------------------------------------------------------------------- profiles


@pytest.mark.parametrize("table", ["fit", "published"])
def test_full_power_is_the_bill(run: ChipRun, table: str) -> None:
    bill, full = run.bill(table), manage(run, [], table).outcomes[0]
    assert full.joules == pytest.approx(bill.total, rel=1e-12)
    assert full.static_joules == pytest.approx(bill.static, rel=1e-12)
    assert full.duration == pytest.approx(bill.seconds, rel=1e-12)
    assert full.late == run.late_steps


@pytest.mark.slow
@pytest.mark.parametrize("name", all_chips())
def test_full_power_is_the_bill_of_every_chip(name: str) -> None:
    """Of every chip that takes a network of integrate-and-fire neurons; others say why not."""
    net = sp.Network(seed=3)
    source = net.add(sp.Population("source", 20, sp.SpikeSource()))
    cells = net.add(sp.Population("cells", 10, hard(1.0)))
    at, ids = np.nonzero(np.random.default_rng(0).random((50, 20)) < 0.1)
    net.drive(source, sp.SpikeTrains(times=at + 1.0, ids=ids))
    weights = np.random.default_rng(1).integers(-2, 4, (20, 10)) / 4.0
    delay = 0.0 if name in ("ODIN", "Speck") else 1.0
    net.connect(source, cells, sp.Dense(weights), sp.Delta(weight=1.0, delay=delay))
    net.record(cells, "spikes")
    try:
        found = all_chips()[name]().run(net, 50, progress=False)
    except SpikestackError as refused:
        pytest.skip(str(refused))
    for table in found.mapped.chip.prices:
        full, bill = manage(found, [], table).outcomes[0], found.bill(table)
        assert full.joules == pytest.approx(bill.total, rel=1e-9), table
        assert full.duration == pytest.approx(bill.seconds, rel=1e-9), table
    assert all(row.joules >= 0 for row in what_if(found, voltages=(1.0, 0.8)).rows)


def test_power_over_time_adds_up_to_energy(run: ChipRun) -> None:
    for m in manage(run).outcomes:
        assert (m.power * m.seconds).sum() == pytest.approx(m.joules, rel=1e-12)
        cores = (m.core_power * m.seconds[:, None]).sum()
        assert cores + m.rest + m.elsewhere + m.host == pytest.approx(m.joules, rel=1e-12)


def test_activity_is_updates_over_capacity_in_a_sliding_window() -> None:
    made = profile(np.array([[10, 0], [30, 0], [50, 100], [0, 100]]), places=200.0)
    assert made.activity(2, "held")[:, 0] == pytest.approx([0.1, 0.2, 0.4, 0.25])
    assert made.activity(2)[:, 1] == pytest.approx([0, 0, 0.25, 0.5])
    with pytest.raises(UnknownNameError):
        made.activity(2, "all")


# ---------------------------------------------------------------------------- policies


def test_levels_follow_the_activity_of_the_steps_before() -> None:
    driven = np.array([[100], [100], [20], [20], [20], [0], [0], [0], [60]])
    levels = VoltageScaling(window=1).levels(profile(driven))[:, 0]
    # The first runs at full voltage; 0.1 and 0.5 divide the rest by the step before.
    assert levels.tolist() == [2, 2, 2, 1, 1, 1, 0, 0, 0]


def test_voltage_scaling_costs_and_saves_what_its_laws_say() -> None:
    driven = np.full((100, 1), 20)
    driven[50:] = 0
    made, laws = profile(driven), Laws()
    policy = VoltageScaling(window=1)
    m = managed("", made, policy.schedule(made, laws), laws)
    full = managed("", made, FullPower().schedule(made, laws), laws)
    # 1 step full, 50 low (the last of them with nothing to do), 49 asleep and skipped.
    look, work = 1e-10, 2e-10
    expected = look + work + 49 * 0.49 * (look + work) + 0.49 * look
    assert m.energy.sum() == pytest.approx(expected, rel=1e-12)
    assert m.idle == pytest.approx(0.49)
    assert m.wakes == 1  # The change to the low voltage.
    assert m.late == full.late == 0
    assert m.joules < full.joules


def test_slow_cores_make_steps_longer_where_nothing_else_limits_them() -> None:
    made = profile(np.full((40, 1), 30), step=0.0)
    laws = Laws()
    full, low = (
        managed("", made, p.schedule(made, laws), laws) for p in (FullPower(), VoltageScaling())
    )
    work, barrier = 30e-8, 1e-6
    assert full.seconds == pytest.approx(np.full(40, work + barrier))
    assert low.seconds[2:] == pytest.approx(np.full(38, work / 0.7 + barrier))
    assert low.seconds[1] == pytest.approx(work / 0.7 + barrier + 1e-6)


def test_waking_is_charged() -> None:
    driven = np.zeros((30, 1))
    driven[[0, 15]] = 5
    made, laws = profile(driven, step=0.0), Laws()
    m = managed("", made, VoltageScaling(window=4).schedule(made, laws), laws)
    asleep = m.seconds[14]
    # 1 us to wake, and the work at 0.7 of the frequency.
    assert m.seconds[15] - asleep == pytest.approx(1e-6 + 5e-8 / 0.7)
    gated = managed("", made, PowerGating(after=2).schedule(made, laws), laws)
    assert gated.seconds[15] - gated.seconds[14] == pytest.approx(10e-6 + 5e-8)


def test_clocks_are_gated_where_there_are_clocks() -> None:
    made = profile(np.full((10, 2), 50))
    laws = Laws()
    full = managed("", made, FullPower().schedule(made, laws), laws)
    m = managed("", made, ClockGating().schedule(made, laws), laws)
    busy = (50e-8 + 10e-9) / 1e-3
    each = 0.1 / 8 * 10e-3
    assert m.static_joules == pytest.approx(8 * each * 0.7 + 2 * each * 0.3 * busy)
    assert m.dynamic_joules == full.dynamic_joules
    none = laws_of(Loihi())
    assert float(none.clock_share) == 0 and float(laws.clock_share) > 0
    assert managed("", made, ClockGating().schedule(made, none), none).joules == full.joules


def test_power_gating_cuts_off_what_has_been_idle() -> None:
    driven = np.zeros((20, 1))
    driven[[0, 10]] = 5
    made, laws = profile(driven), Laws()
    schedule = PowerGating(after=3).schedule(made, laws)
    assert np.flatnonzero(schedule.idle[:, 0]).tolist() == [4, 5, 6, 7, 8, 9, *range(14, 20)]
    assert schedule.charged == 1
    m = managed("", made, schedule, laws)
    each = 0.1 / 8 * 1e-3
    left = 0.5 * 0.4 + 0.5 * 0.05
    assert m.static[5, 0] == pytest.approx(each * 0.7 * left)
    assert m.rest == pytest.approx(7 * 20 * each * 0.7 * 0.05 + 0.5e-9)


def test_no_policy_skips_a_step_in_which_anything_is_to_be_done(run: ChipRun) -> None:
    made, laws = profile_of(run), laws_of(run.mapped.chip)
    policies = (VoltageScaling(window=3, sleep_below=1.0, full_from=1.0), PowerGating(after=0))
    for policy in (*policies, Together(*policies)):
        assert not (policy.schedule(made, laws).idle & made.busy).any()


@given(
    st.lists(st.lists(st.integers(0, 100), min_size=2, max_size=2), min_size=1, max_size=30),
    st.integers(1, 9),
)
def test_policies_save_never_more_than_there_is(driven: list[list[int]], window: int) -> None:
    made, laws = profile(np.array(driven)), Laws()
    full = managed("", made, FullPower().schedule(made, laws), laws)
    three = (VoltageScaling(window), ClockGating(), PowerGating(window))
    for policy in (*three, Together(*three)):
        m = managed("", made, policy.schedule(made, laws), laws)
        charged = made.steps * made.cores * 0.5e-9
        assert 0 < m.joules <= full.joules * (1 + 1e-9) + charged
        assert m.duration >= full.duration * (1 - 1e-12)


def test_the_table_names_saving_and_delay(run: ChipRun) -> None:
    table = manage(run)
    rows = {row["policy"]: row for row in table.rows()}
    assert rows["FullPower"]["saving"] == rows["FullPower"]["delay_seconds"] == 0
    assert 0.8 < rows["PowerGating"]["saving"] < 1  # 4 of 128 cores are in use.
    assert all(name in str(table) for name in rows)
    assert table["PowerGating"].joules == rows["PowerGating"]["joules"]
    table.plot().canvas.draw()


@pytest.mark.parametrize(
    "bad",
    [
        lambda: VoltageScaling(window=0), lambda: VoltageScaling(sleep_below=0.9),
        lambda: VoltageScaling(voltage=0.0), lambda: PowerGating(after=-1), Together,
        lambda: replace(Laws(), off=0.1), lambda: Laws().frequency(0.4),
        lambda: replace(Laws(), off=Figure(-1.0, "of leakage", Grade.DERIVED, "a test")),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_meant(bad: object) -> None:
    with pytest.raises(ValidationError):
        bad()  # type: ignore[operator]


def test_laws_are_labelled_estimates() -> None:
    laws = Laws()
    text = laws.describe()
    for field in fields(laws):
        figure = getattr(laws, field.name)
        assert isinstance(figure, Figure) and figure.source and figure.unit
        assert figure.source in text
        if field.name != "dynamic_exponent":
            assert figure.grade == Grade.UNVERIFIED
    assert laws.dynamic(0.7) == pytest.approx(0.49)
    assert laws.frequency(1.0) == laws.leaks(1.0) == 1.0
    assert laws.frequency(0.7) < 0.7  # What the defaults of the issue claim is optimistic.


# ---------------------------------------------------------------------------- what if


class AllIn(Small):
    """With an all-in table besides."""

    prices: ClassVar = {
        **Loihi.prices,
        "whole": Prices(
            "of one operating point", Scope.ALL_IN,
            {"dense events": Figure(26.0, "pJ", Grade.DERIVED, "this test")},
        ),
    }  # fmt: skip


def test_the_same_run_by_other_prices_voltages_and_steps(run: ChipRun) -> None:
    faster = Figure(10.0, "us", Grade.DERIVED, "this test")
    found = what_if(run, voltages=(1.0, 0.7), steps=(None, faster), inferences=2)
    rows = {(r.table, r.voltage, float(f"{r.step:g}")): r for r in found.rows}
    assert len(rows) == 8
    full, low = rows["fit", 1.0, 1e-3], rows["fit", 0.7, 1e-3]
    assert full.joules == pytest.approx(run.bill("fit").total)
    assert low.dynamic == pytest.approx(0.49 * full.dynamic)
    assert low.static == pytest.approx(Laws().leaks(0.7) * full.static)
    assert rows["fit", 1.0, 1e-5].static == pytest.approx(full.static / 100)
    assert full.joules_per_inference == pytest.approx(full.joules / 2)
    assert full.joules_per_event == pytest.approx(full.joules / run.ledger.total("dense events"))
    assert str(found).count("published") == 4 and len(found.plain()) == 8
    with pytest.raises(ValidationError, match="threshold"):
        what_if(run, voltages=(0.3,))
    with pytest.raises(ValidationError, match="ns"):
        what_if(run, steps=(Figure(1.0, "V", Grade.DERIVED, "this test"),))


def test_all_in_prices_are_not_taken_apart() -> None:
    run = AllIn().run(layered(), 20)
    (row,) = what_if(run, tables=["whole"], voltages=(1.0, 0.8)).rows
    assert row.voltage == 1.0 and row.dynamic is None
    assert row.joules == pytest.approx(run.ledger.total("dense events") * 26e-12)
    low = Schedule.full(profile_of(run, "whole"), 0.7, 0.7)
    with pytest.raises(ValidationError, match="all-in"):
        managed("low", profile_of(run, "whole"), low, Laws())


def test_analog_circuits_are_neither_slowed_nor_skipped() -> None:
    made, laws = replace(profile(np.full((9, 1), 5)), analog=True), Laws()
    full = managed("", made, FullPower().schedule(made, laws), laws)
    assert full.joules > 0
    with pytest.raises(ValidationError, match="analog"):
        managed("", made, VoltageScaling().schedule(made, laws), laws)

    class Analog(Small):
        speedup = Figure(1000.0, "times", Grade.DERIVED, "this test")

    run = Analog().run(layered(), 20, progress=False)
    assert [m.name for m in manage(run).outcomes] == ["FullPower"]
    assert {row.voltage for row in what_if(run, voltages=(1.0, 0.8)).rows} == {1.0}
    assert manage(run).outcomes[0].duration == pytest.approx(20e-6)


# ---------------------------------------------------------------------------- precision


@given(
    st.lists(st.integers(-128, 127), min_size=1, max_size=30), st.integers(2, 8),
    st.integers(-10, 10),
)  # fmt: skip
def test_few_bits_hold_what_they_hold(whole: list[int], bits: int, exponent: int) -> None:
    weights = np.array(whole) * 2.0**exponent
    made = few_bits(weights, bits)
    assert np.array_equal(few_bits(weights, 8), weights)
    assert np.array_equal(few_bits(made, bits), made)
    most = np.abs(weights).max()
    assert len(np.unique(made)) <= 2**bits
    # Off by half a unit, and where the greatest is cut by one.
    assert (np.abs(made - weights) <= most * 2.0 ** (2 - bits) + 1e-12).all()


def test_bits_that_are_there_change_nothing() -> None:
    made = Loihi().quantise(layered())
    same = coarsened(made, weight_bits=8, state_bits=24, full_state_bits=24)
    ours, theirs = (q.network.run(100.0, dt=1.0, precision="float64") for q in (made, same))
    assert ours.same_spikes(theirs)
    assert np.array_equal(ours["out", "v"].values, theirs["out", "v"].values)
    fewer = coarsened(made, weight_bits=3)
    assert fewer.losses["source->first again"].error > 0.01
    with pytest.raises(ValidationError, match="range of states"):
        coarsened(made, state_bits=8)
    with pytest.raises(ValidationError, match="2 to 32"):
        coarsened(made, weight_bits=1)


@pytest.mark.slow
def test_the_fewest_bits_within_tolerance_are_chosen() -> None:
    net, chip = layered(), Loihi()
    wanted = net.run(200.0, dt=1.0)["out", "v"].values.reshape(200, 5)

    def score(quantised: Quantised) -> float:
        found = quantised.network.run(202.0, dt=1.0, precision="float64")["out", "v"].values
        with np.errstate(invalid="ignore"):
            return float(np.corrcoef(found.reshape(202, 5)[2:].ravel(), wanted.ravel())[0, 1])

    found = adapt_precision(
        chip.quantise(net), chip, score, 202, tolerance=0.01, weight_bits=(8, 6, 4, 3, 2),
        state_bits=(16, 10, 6),
    )  # fmt: skip
    assert found.chosen.score >= found.rows[0].score - 0.01
    assert found.chosen.weight_bits in (4, 6) and found.chosen.state_bits in (10, 16)
    worse = [r for r in found.rows if r.score < found.rows[0].score - 0.01]
    assert worse and found.rows[0].weight_bits is None
    assert 0.05 < found.saving < 0.5
    assert found.least.joules <= found.chosen.joules
    assert "chosen" in str(found)
