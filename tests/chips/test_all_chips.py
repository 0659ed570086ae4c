"""What holds of every chip of the catalogue: sources, remedies, energy."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spikestack as sp
from spikestack.chips.figures import Figure, Grade
from spikestack.chips.ledger import Ledger
from spikestack.errors import SpikestackError

CHIPS = {n: k for n, k in sp.chips.all_chips().items() if not inspect.isabstract(k)}
#: What may cost energy where nothing comes in: looking at neurons, and waiting for each other.
IDLE = {"accesses", "idle updates", "barriers", "steps", "noise draws", "busy cores"}


def network(kind: str, rate: float = 0.0, seed: int = 0, steps: int = 20) -> sp.Network:
    """Four inputs, six neurons, two of a readout."""
    rng = np.random.default_rng(seed)
    net = sp.Network(seed=seed)
    source = net.add(sp.Population("source", (1, 2, 2), sp.SpikeSource()))
    reset = "v -= 1" if "soft" in kind else "v = 0"
    kept = {"leaky": "0.875*v", "forgetful": "0"}.get(kind.split(maxsplit=1)[0], "v")
    model: Any = sp.NeuronModel(
        f"v[t+1] = {kept} : 1", threshold="v >= 1", reset=reset, dimensionless=True,
        default_synapse="Delta",
    )  # fmt: skip
    cells = net.add(sp.Population("cells", (6, 1, 1), model))
    out = net.add(sp.Population("out", 2, sp.LeakyIntegrator(beta=1.0)))
    at, ids = np.nonzero(rng.random((steps, 4)) < rate)
    if len(at):
        net.drive(source, sp.SpikeTrains(times=at + 1.0, ids=ids))
    now = sp.Delta(weight=1.0, delay=0.0)
    weights = rng.integers(1, 8, (6, 1, 2, 2)) / 8
    net.connect(source, cells, sp.Convolution(weights), now)
    net.connect(cells, out, sp.Dense(rng.integers(-4, 5, (6, 2)) / 8), now)
    net.record(cells, "spikes")
    net.record(out, "v")
    return net


def membranes(kind: str, rate: float, seed: int, steps: int) -> sp.Network:
    """The same with time constants and currents, for analog circuits."""
    net = sp.Network(seed=seed)
    source = net.add(sp.Population("source", 4, sp.SpikeSource()))
    cells = net.add(sp.Population("cells", 6, sp.LIF(tau_m=20.0)))
    at, ids = np.nonzero(np.random.default_rng(seed).random((steps, 4)) < rate)
    if len(at):
        net.drive(source, sp.SpikeTrains(times=at + 1.0, ids=ids))
    net.connect(source, cells, sp.AllToAll(), sp.ExponentialCurrent(weight=3.0, delay=1.0))
    net.record(cells, "spikes")
    return net


def run(chip: Any, rate: float = 0.0, seed: int = 0, steps: int = 20) -> Any:
    """The first of a few networks that a chip takes."""
    said = []
    for kind in ("hard", "soft", "leaky hard", "leaky soft", "forgetful hard", "membranes"):
        net = (membranes if kind == "membranes" else network)(kind, rate, seed, steps)
        try:
            chip.map(net)
        except SpikestackError as error:
            said.append(f"{kind}: {error}")
            continue
        return net.run(float(steps), on=chip, progress=False)
    pytest.skip("; ".join(said))


def test_there_are_chips() -> None:
    assert {"Loihi", "Speck", "Xylo", "ODIN", "GenericChip"} <= set(CHIPS)


@pytest.mark.parametrize("name", CHIPS)
def test_every_number_is_sourced_and_shown(name: str) -> None:
    chip = CHIPS[name]()
    text, figures = chip.describe(), chip.figures()
    for kind in type(chip).__mro__:
        for attribute, value in vars(kind).items():
            if isinstance(value, Figure):
                assert attribute in figures, attribute
    for label, figure in figures.items():
        assert isinstance(figure.grade, Grade) and figure.source.strip() and figure.unit.strip()
        assert f"{label.replace('_', ' ')}: {figure} [{figure.grade}; {figure.source}" in text
    assert chip.maker and isinstance(chip.year, int) and chip.features


@pytest.mark.parametrize("name", CHIPS)
def test_every_limit_says_what_to_do(name: str) -> None:
    for limit in CHIPS[name]().limits:
        assert limit.remedy.strip() and limit.counts.strip(), limit


@pytest.mark.parametrize("name", CHIPS)
def test_prices_know_their_scope(name: str) -> None:
    tables = CHIPS[name]().prices
    assert tables
    for table in tables.values():
        assert table.title.strip()
        assert table.scope != sp.chips.Scope.ALL_IN or not table.static


@pytest.mark.parametrize("name", CHIPS)
def test_without_input_only_idling_costs(name: str) -> None:
    chip = CHIPS[name]()
    found = run(chip)
    totals = found.ledger.totals()
    busy = {n: k for n, k in totals.items() if n not in IDLE and not n.startswith("host words")}
    assert not busy, busy
    for table in chip.prices:
        bill = found.bill(table)
        assert {n for n, energy in bill.dynamic.items() if energy} <= IDLE
        assert bill.total == pytest.approx(sum(bill.dynamic.values()) + bill.static + bill.host)


@pytest.mark.parametrize("name", CHIPS)
def test_input_costs_more(name: str) -> None:
    chip = CHIPS[name]()
    quiet, loud = run(chip), run(chip, 0.4)
    assert loud.ledger.total("spikes") > 0
    for table in chip.prices:
        a, b = quiet.bill(table), loud.bill(table)
        assert sum(b.dynamic.values()) >= sum(a.dynamic.values())


def piece(ledger: Ledger, begin: int, end: int | None) -> Ledger:
    """What a ledger counts by step, of some of its steps."""
    by_step = {n: c[begin:end] for n, c in ledger.by_step.items()}
    return Ledger({n: c.sum(0) for n, c in by_step.items()}, by_step)


@pytest.mark.parametrize("name", CHIPS)
def test_energy_adds_over_windows(name: str) -> None:
    chip = CHIPS[name]()
    found = run(chip, 0.4)
    steps = found.ledger.total("steps")

    @settings(max_examples=20, deadline=None)
    @given(cut=st.integers(0, steps))
    def adds(cut: int) -> None:
        parts = piece(found.ledger, 0, cut), piece(found.ledger, cut, None)
        whole = piece(found.ledger, 0, None)
        for prices in chip.prices.values():
            shares = (cut * 1e-3, (steps - cut) * 1e-3)
            apart = sum(prices.of(p, s).total for p, s in zip(parts, shares, strict=True))
            assert prices.of(whole, steps * 1e-3).total == pytest.approx(apart, rel=1e-9)
        both = parts[0] + parts[1]
        assert all(np.array_equal(both.counts[n], whole.counts[n]) for n in whole.counts)

    adds()


@pytest.mark.parametrize("name", CHIPS)
def test_counts_are_the_same_again(name: str) -> None:
    first, again = (run(CHIPS[name](), 0.3, seed=2) for _ in range(2))
    assert first.ledger.totals() == again.ledger.totals() and first.same_spikes(again)
