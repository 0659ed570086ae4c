"""Closed loops: what is fed in piece by piece acts as if it had been known from the start."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spikestack as sp
from spikestack.errors import EngineError, UnknownNameError, ValidationError

ENGINES = ["reference", "cpu"]
RNG = np.random.default_rng(5)
TIMES = np.sort(np.round(RNG.uniform(0.1, 60.0, 300), 1))
IDS = RNG.integers(0, 30, 300)


def network(touch: Any, motor: Any, hum: Any, noise: Any = None) -> sp.Network:
    """Thirty cells that excite each other, driven by all that can be fed."""
    net = sp.Network(seed=3)
    a = net.add(sp.Population("a", 40, sp.LIF()))
    net.connect(a, a, sp.FixedProbability(0.2), sp.ExponentialCurrent(weight=0.05, delay=1.0))
    net.drive(a[5:35], touch, name="touch")
    net.drive(a, motor, name="motor")
    net.drive(a[:20], hum, name="hum")
    net.drive(a, noise or sp.Poisson(800.0, weight=0.25, highest=2000.0), name="noise")
    net.record(a, "spikes")
    net.record(a[:3], "v")
    return net


WEIGHT = 0.37


def given() -> sp.Network:
    """Everything known before the run."""
    ids, times = distinct()
    return network(
        sp.SpikeTrains(times, ids, weight=WEIGHT),
        sp.StepCurrent([0.0, 20.0, 40.0], [0.0, 0.3, -0.1]),
        sp.StepCurrent([0.0, 7.0, 30.0], [0.1, 0.2, 0.4]),
    )


def fed() -> sp.Network:
    """The same, to be fed."""
    return network(sp.ExternalSpikes(WEIGHT, most=1), sp.ExternalCurrent(), sp.ConstantCurrent(0.1))


def distinct() -> tuple[np.ndarray, np.ndarray]:
    """Events of which no neuron gets two in one step."""
    pairs = np.unique(np.stack([np.rint(TIMES * 10).astype(int), IDS]), axis=1)
    return pairs[1], pairs[0] / 10


def play(session: sp.Simulation, until: float, piece: float = 1.0) -> None:
    """Feed what `given` knows, in pieces."""
    ids, times = distinct()
    while session.time < until - 1e-9:
        now = session.time
        for at, name, value in (
            (20.0, "motor", 0.3),
            (40.0, "motor", np.full(40, -0.1)),
            (7.0, "hum", 0.2),
            (30.0, "hum", 0.4),
        ):
            if abs(now - at) < 1e-9:
                session.set(name, value)
        # A little ahead, so that events are pending at the end of every piece.
        soon = (times > now + 2.0 + 1e-9) & (times <= now + 2.0 + piece + 1e-9)
        if now == 0:
            soon |= times <= 2.0 + 1e-9
        session.inject("touch", ids[soon], times[soon])
        session.advance(piece)


@pytest.mark.parametrize(
    "on,threads,trials",
    [("reference", 1, 2), ("cpu", 1, 1), ("cpu", 2, 1), ("cpu", 2, 3), ("cpu", 1, 2)],
)
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_pieces_equal_one_run(on: str, threads: int, trials: int, precision: str) -> None:
    """Injected events are SpikeTrains, set currents are StepCurrents: bit for bit."""
    settings: dict[str, Any] = dict(on=on, threads=threads, trials=trials, precision=precision)
    whole = given().run(60.0, **settings)
    session = sp.Simulation(fed(), **settings)
    play(session, 60.0)
    pieces = session.recording()
    assert len(whole["a"]) > 20 * trials
    assert pieces.same_spikes(whole)
    assert pieces["a", "v"].same_values(whole["a", "v"])
    assert pieces.provenance["fed"] > 0


def test_nothing_fed_is_nothing() -> None:
    """A one-piece run of a network with open ports: no spikes, no current."""
    net = sp.Network()
    a = net.add(sp.Population("a", 2, sp.LIF()))
    net.drive(a, sp.ExternalSpikes(50.0), name="touch")
    net.drive(a, sp.ExternalCurrent(), name="motor")
    net.record(a, "spikes", "v")
    result = net.run(10.0)
    assert (
        len(result["a"]) == 0 and (result["a", "v"].values == result["a", "v"].values[0, 0]).all()
    )


@pytest.mark.parametrize("on", ENGINES)
def test_saved_with_what_is_pending(on: str, tmp_path: Path) -> None:
    """A state holds events to come and values in force; another engine goes on with them."""
    whole = given().run(60.0, on="cpu")
    first = sp.Simulation(fed(), on=on)
    play(first, 25.0)
    first.save(tmp_path / "s.spk")
    second = sp.Simulation(fed(), on="cpu" if on == "reference" else "reference")
    second.restore(tmp_path / "s.spk")
    play(second, 60.0)
    assert sp.Recording.join(first.recording(), second.recording()).same_spikes(whole)


def test_saved_before_it_acts(tmp_path: Path) -> None:
    """What was fed in and has not begun to act is saved too, a current and a rate included."""
    ends = []
    for saved in (False, True):
        session = sp.Simulation(fed())
        session.advance(5.0)
        session.set("motor", 0.5)
        session.set("noise", 1500.0)
        session.inject("touch", [1, 2], 9.0)
        if saved:
            session.save(tmp_path / "s.spk")
            session = sp.Simulation(fed())
            session.restore(tmp_path / "s.spk")
        session.advance(30.0)
        ends.append(session.recording()["a"].steps.tolist())
    start = len(ends[0]) - len(ends[1])
    assert ends[1] and ends[0][start:] == ends[1]


@pytest.mark.parametrize("on", ENGINES)
def test_rates(on: str) -> None:
    """A rate that is set at once is the rate of the drive."""

    def with_rate(rate: float) -> sp.Network:
        noise = sp.Poisson(rate, weight=0.25, highest=2000.0)
        return network(sp.ExternalSpikes(WEIGHT), sp.ExternalCurrent(), sp.ExternalCurrent(), noise)

    whole = with_rate(1600.0).run(50.0, on=on)
    session = sp.Simulation(with_rate(0.0), on=on)
    session.set("noise", 1600.0)
    session.advance(50.0)
    assert len(whole["a"]) and session.recording().same_spikes(whole)


@pytest.mark.parametrize("on", ENGINES)
@pytest.mark.parametrize("threads", [1, 2])
def test_one_trial_only(on: str, threads: int) -> None:
    """What is fed to one trial leaves the others alone."""
    net = sp.Network()
    a = net.add(sp.Population("a", 3, sp.LIF()))
    net.drive(a, sp.ExternalSpikes(synapse=sp.Delta(weight=40.0)), name="touch")
    net.drive(a, sp.ExternalCurrent(), name="motor")
    net.record(a, "spikes")
    session = sp.Simulation(net, on=on, trials=3, threads=threads)
    session.inject("touch", 1, trial=1)
    session.inject("touch", [2], 0.3, trial=2)
    session.advance(1.0)
    session.set("motor", [0.0, 0.0, 5.0], trial=0)
    session.advance(20.0)
    found = session.recording()["a"]
    fired = {(int(t), int(i)) for t, i in zip(found.trials, found.ids)}
    assert fired == {(1, 1), (2, 2), (0, 2)}
    assert found.times[found.trials == 1].tolist() == [0.1]
    assert found.times[found.trials == 2] == pytest.approx([0.3])


@pytest.mark.parametrize("on", ENGINES)
def test_counts(on: str) -> None:
    """Repeated ids add up, and so do counts, whole or not."""
    net = sp.Network()
    cell = sp.LIF(v_rest=0.0, v_reset=0.0, v_thresh=100.0, tau_m=1e9, v=0.0)
    a = net.add(sp.Population("a", 3, cell))
    net.drive(a, sp.ExternalSpikes(synapse=sp.Delta(weight=2.0), most=4), name="touch")
    net.record(a, "v")
    session = sp.Simulation(net, on=on)
    session.inject("touch", [0, 0, 1], counts=[1, 1, 1.5])
    session.inject("touch", 2, counts=-3)
    session.advance(0.1)
    assert session.recording()["a", "v"].values[0, 0].tolist() == pytest.approx([4.0, 3.0, -6.0])
    session.inject("touch", 0, counts=4)
    with pytest.raises(ValidationError, match="at most 4 in one step"):
        session.inject("touch", 0)


def test_bad_input_changes_nothing() -> None:
    """Clear refusals, after which the run is as if they had not been tried."""
    whole = sp.Simulation(fed())
    whole.advance(10.0)
    whole.advance(10.0)
    session = sp.Simulation(fed())
    session.advance(10.0)
    bad: list[tuple[Any, ...]] = [
        ("inject", ("tuch", [0]), UnknownNameError, "touch"),
        ("inject", ("motor", [0]), ValidationError, "set"),
        ("set", ("touch", 1.0), ValidationError, "inject"),
        ("inject", ("touch", [0, 30]), ValidationError, "0 to 29"),
        ("inject", ("touch", [-1]), ValidationError, "out of range"),
        ("inject", ("touch", [0.5]), ValidationError, "whole"),
        ("inject", ("touch", [0], 10.0), ValidationError, "past"),
        ("inject", ("touch", [0], float("nan")), ValidationError, "finite"),
        ("inject", ("touch", [0], 1e300), ValidationError, "steps"),
        ("inject", ("touch", [0, 1], [11.0, 12.0, 13.0]), ValidationError, "shape"),
        ("set", ("motor", float("inf")), ValidationError, "finite"),
        ("set", ("motor", [1.0, 2.0]), ValidationError, "40"),
        ("set", ("motor", "much"), ValidationError, "much"),
        ("set", ("noise", -1.0), ValidationError, "0 to"),
        ("set", ("noise", 1e6), ValidationError, "highest"),
    ]
    for action, arguments, kind, words in bad:
        with pytest.raises(kind, match=words):
            getattr(session, action)(*arguments)
    with pytest.raises(ValidationError, match="trial"):
        session.inject("touch", 0, trial=1)
    with pytest.raises(ValidationError, match="counts"):
        session.inject("touch", 0, counts=float("nan"))
    for wrong in (0.0, 0.05, -1.0):
        with pytest.raises(ValidationError):
            next(session.steps(wrong))
    session.advance(10.0)
    assert session.recording().same_spikes(whole.recording())
    assert "fed" not in session.recording().provenance


def test_ports_are_saved(tmp_path: Path) -> None:
    """In network files and in the fingerprint."""
    net = fed()
    net.save(tmp_path / "n.spk")
    again = sp.load(tmp_path / "n.spk")
    assert again.fingerprint == net.fingerprint
    session = sp.Simulation(again)
    session.inject("touch", 0)
    other = network(
        sp.ExternalSpikes(WEIGHT, most=2), sp.ExternalCurrent(), sp.ConstantCurrent(0.1)
    )
    assert other.fingerprint != net.fingerprint


def test_steps() -> None:
    """A loop brings recordings that join to the whole, the last as short as need be."""
    session = sp.Simulation(fed())
    found = []
    for piece in session.steps(3.0, duration=10.0):
        assert piece.t_stop == pytest.approx(session.time)
        session.inject("touch", 0)
        found.append(piece)
    assert [round(p.duration, 6) for p in found] == [3.0, 3.0, 3.0, 1.0]
    assert sp.Recording.join(*found).duration == pytest.approx(10.0)
    assert session.deadlines == (0, 0, 0.0)


def test_deadlines() -> None:
    """A paced loop takes as long as it simulates, and counts what was late."""
    session = sp.Simulation(fed())
    session.advance(1.0)
    started = time.perf_counter()
    for k, _ in enumerate(session.steps(20.0, duration=200.0, real_time=True)):
        if k == 4:
            time.sleep(0.05)
    assert time.perf_counter() - started >= 0.2
    met, missed, worst = session.deadlines
    assert met + missed == 10 and missed >= 1 and worst > 5.0


def test_stream_leaves_the_loop_free() -> None:
    """Other tasks run while a piece is computed, and what they inject acts in the next."""
    session = sp.Simulation(fed(), on="reference")
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.001)
            turns += 1
            session.inject("touch", [turns % 30], counts=0.01)

    async def main() -> list[sp.Recording]:
        task = asyncio.create_task(other())
        found = [piece async for piece in session.stream(50.0, duration=200.0)]
        task.cancel()
        return found

    found = asyncio.run(main())
    assert len(found) == 4 and session.time == pytest.approx(200.0)
    assert turns > 8


def test_cancelled_stream_can_go_on() -> None:
    """Cancelling waits for the piece in hand; the session is then usable."""
    session = sp.Simulation(fed(), on="reference")

    async def main() -> None:
        async def loop() -> None:
            async for _ in session.stream(50.0):
                pass

        task = asyncio.create_task(loop())
        await asyncio.sleep(0.02)
        with pytest.raises(EngineError, match="another thread"):
            session.advance(1.0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    before = session.time
    assert before > 0 and session.advance(1.0)
    assert session.time == pytest.approx(before + 1.0)
