"""Systems of many chips: their sizes follow from published figures, which carry their sources."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikestack.chips import Grade, Loihi, all_chips
from spikestack.chips.capacity import capacity
from spikestack.chips.planning import plan, plan_cells, workload
from spikestack.chips.systems import SYSTEMS, WORKLOADS, system_of
from spikestack.errors import UnknownNameError, ValidationError

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "chips_power.py"


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("chips_power_rows", BENCHMARK)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "name",
    [
        "hala_point_cores", "hala_point_power", "hala_point_energy_of_an_operation",
        "hala_point_speed", "spinnaker_cores", "brain_energy_of_an_event",
        "keyword_ratio_of_cpu", "keyword_ratio_of_gpu",
    ],
)  # fmt: skip
def test_published_totals(benchmark: ModuleType, name: str) -> None:
    row = benchmark.FOUND[name]()
    low, high = row["band"]
    assert row["ok"] and low <= row["found"] <= high, row
    assert row["found"] == pytest.approx(row["published"], rel=0.03)


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_system_holds_what_it_holds_and_no_more(name: str) -> None:
    system = SYSTEMS[name]
    neurons = 7 * float(system.neurons)
    assert plan(neurons, 0, 0, on=name).chips == 7
    assert plan(neurons * 1.001, 0, 0, on=name).chips >= 8
    assert system.synapses is not None
    synapses = 9 * float(system.synapses)
    full, more = (plan(1, m, 0, on=name) for m in (synapses, synapses * 1.001))
    assert full.chips == 9 and more.chips == 10 and more.bound == "for synapses"


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_figure_of_a_system_is_sourced_and_shown(name: str) -> None:
    system = SYSTEMS[name]
    shown = system.describe()
    for figure in system.figures().values():
        assert figure.source in shown and figure.unit and isinstance(figure.grade, Grade)
    brain = WORKLOADS["brain"]
    for figure in (brain.neurons, brain.synapses, brain.rate):
        assert figure.grade == Grade.UNVERIFIED and figure.source


def test_the_brain_beside_machines() -> None:
    n, m, hz = workload("brain")
    assert (n, m) == (86e9, 1e14)
    brain, hala, wafers = (plan(n, m, hz, on=s) for s in ("brain", "hala point", "BrainScaleS"))
    assert brain.chips == 1 and brain.power[0].watts == 20
    assert brain.power[0].joules_per_event == pytest.approx(0.2e-12)
    assert hala.units == 782 and hala.installed == pytest.approx(781.25)
    assert hala.chips == math.ceil(1e14 / (128e9 / 1152))
    assert hala.power[0].watts == pytest.approx(781.25 * 2600)
    assert wafers.speed == 1e4 and wafers.bound == "for synapses"
    # Energy for a second of the brain, not of the wafers, which are done in 0.1 ms.
    second = wafers.power[0]
    assert second.joules_per_second == pytest.approx(second.watts / 1e4)


def test_real_time_may_need_more_chips_than_memory_does() -> None:
    slow, busy = (plan(4096, 1e6, hz, on="SpiNNaker") for hz in (1.0, 1e3))
    assert slow.chips == 1 and slow.bound == "for neurons"
    # 1e9 events a second; a core of 16 takes 1e7 of them.
    assert busy.chips == 7 and busy.bound == "for real time"
    assert busy.speed == 1
    hala = plan(1e6, 1e8, 10.0, on="HalaPoint")
    assert hala.speed == 20 and hala.needs["for real time"] == 1


def test_scopes_do_not_add_up() -> None:
    found = {p.scope: p.watts for p in plan(1e6, 1e9, 10.0, on="SpiNNaker").power}
    chips = 245
    assert found["idle"] == pytest.approx(0.35 * chips)
    assert found["per term"] == pytest.approx(0.35 * chips + 1e10 * 13.3e-9 + 1e9 * 26e-9)
    assert found["all-in"] == pytest.approx(1e10 * 5.9e-6)
    assert found["published maximum"] == pytest.approx(chips)


def test_any_chip_can_be_planned_with() -> None:
    chip = Loihi()
    one = plan(131_072, 0, 0, on=chip)
    assert one.chips == 1 and one.cores == 128
    found = plan(131_072, 16_384 * 64 // 9 * 128, 10.0, on="loihi")
    assert found.chips == 1
    # Steps of 1 ms: real time at most, however little there is to do.
    assert found.speed == 1
    terms = {p.scope: p.watts for p in found.power}
    assert terms["idle"] == pytest.approx(0.104)
    events, updates = found.events, 131_072 * 1e3
    assert terms["per term"] == pytest.approx(0.104 + events * 33.6e-12 + updates * 72.8e-12)
    assert system_of(chip).name == "Loihi" and plan(1, 0, 0, on=Loihi).chips == 1
    assert plan(10, 10, 1, on=SYSTEMS["TrueNorth"]).system is SYSTEMS["TrueNorth"]


@pytest.mark.parametrize("name", all_chips())
def test_every_chip_can_be_planned_with_or_says_why_not(name: str) -> None:
    chip = all_chips()[name]()
    if capacity(chip).neurons is None:
        with pytest.raises(ValidationError, match="neurons it holds"):
            plan(1e6, 1e6, on=chip)
        return
    found = plan(1e6, 1e6, 1.0, on=chip)
    assert found.needs["for neurons"] == math.ceil(1e6 / capacity(chip).neurons)
    assert found.chips >= found.needs["for neurons"] and str(found)
    assert found.speed is None or found.speed > 0


@given(
    st.sampled_from(list(SYSTEMS)), st.floats(1, 1e12), st.floats(0, 1e15), st.floats(0, 1e3)
)  # fmt: skip
def test_more_never_needs_less(name: str, neurons: float, synapses: float, rate: float) -> None:
    small = plan(neurons, synapses, rate, on=name)
    large = plan(neurons * 2, synapses * 2, rate * 2, on=name)
    assert 1 <= small.chips <= large.chips
    assert all(a.watts <= b.watts * (1 + 1e-9) for a, b in zip(small.power, large.power))
    assert str(small) and len(plan_cells([small, large])) == 3


@pytest.mark.parametrize(
    "given",
    [
        {"neurons": 0}, {"neurons": math.nan}, {"neurons": "many"}, {"synapses": -1},
        {"synapses": math.inf}, {"rate": -1.0}, {"dt": 0.0}, {"on": 3}, {"on": "Deep Thought"},
        {"neurons": 1e30}, {"neurons": True},
    ],
)  # fmt: skip
def test_plans_that_cannot_be(given: dict) -> None:
    with pytest.raises(ValidationError):
        plan(**({"neurons": 10, "synapses": 10} | given))
    with pytest.raises(UnknownNameError):
        workload("mind")
