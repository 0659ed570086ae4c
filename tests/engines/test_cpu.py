"""The compiled engine under stress: full logs, failing threads, Ctrl-C, broken variants."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spikestack as sp
from spikestack.engines.cpu import logs, printer
from spikestack.engines.cpu.build import build_tables
from spikestack.engines.cpu.cache import cache_folder
from spikestack.engines.cpu.engine import CpuEngine
from spikestack.engines.cpu.plan import make_plan
from spikestack.errors import EngineError, SpikestackError
from spikestack.program import edge_list, populations


def busy(n: int = 3000) -> sp.Network:
    """Every neuron fires in every step."""
    net = sp.Network()
    cell = sp.LIF(i_offset=1e4, cm=0.01, tau_refrac=0.0)
    p = net.add(sp.Population("p", n, cell))
    net.connect(p, p, sp.OneToOne(), sp.Delta(weight=0.1, delay=2.0))
    net.record(p, "spikes")
    return net


@pytest.mark.parametrize("threads", [1, 2])
def test_full_logs_are_flushed_never_truncated(threads: int) -> None:
    """Far more spikes than the logs hold: all of them arrive, in order."""
    result = busy().run(20.0, threads=threads)
    assert len(result["p"]) == 3000 * 200
    assert (result["p"].counts() == 200).all()


def test_logs_grow_where_the_delay_window_fills_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the spikes in flight alone fill a log, it grows."""
    monkeypatch.setattr(logs, "_LEAST_LOG", 1)
    net = busy(200)
    sim = sp.Simulation(net, threads=2)
    sim.advance(10.0)
    assert sim.engine.logs[0].log.capacity > 4 * 200
    assert sim.recording().same_spikes(net.run(10.0, on="reference"))


@pytest.mark.parametrize("when", [0, 3])
@pytest.mark.parametrize("which", [0, 1])
def test_a_failing_thread_ends_the_run(
    monkeypatch: pytest.MonkeyPatch, which: int, when: int
) -> None:
    """An injected fault raises within moments; the other thread does not wait for ever."""
    calls = [0, 0]

    def fail(self: CpuEngine, thread: int) -> None:
        calls[thread] += 1
        if thread == which and calls[thread] > when:
            raise RuntimeError("injected")

    monkeypatch.setattr(CpuEngine, "_before_run", fail)
    sim = sp.Simulation(busy(), threads=2)
    started = time.perf_counter()
    with pytest.raises(EngineError, match="injected"):
        sim.advance(50.0)
    assert time.perf_counter() - started < 10.0
    with pytest.raises(EngineError, match="restore"):
        sim.advance(1.0)


def test_restore_after_a_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A saved state makes a failed simulation usable again."""
    net = busy(100)
    sim = sp.Simulation(net, threads=2)
    sim.advance(5.0)
    sim.save(tmp_path / "state")
    with monkeypatch.context() as patch:
        patch.setattr(CpuEngine, "_before_run", lambda self, thread: 1 / 0)
        with pytest.raises(EngineError):
            sim.advance(1.0)
    sim.restore(tmp_path / "state")
    sim.advance(5.0)
    assert len(sim.recording()["p"]) == 100 * 50


@pytest.mark.skipif(os.name == "nt", reason="signals are sent by kill()")
def test_ctrl_c_keeps_what_was_recorded() -> None:
    """The run stops between steps, the recording says so, and the simulation can go on."""
    net = busy(2000)
    sim = sp.Simulation(net)
    sim.advance(1.0)
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    assert sim.advance(1e6) is False
    stopped = sim.step
    result = sim.recording()
    assert result.status == "interrupted" and "Ctrl-C" in result.reason
    assert len(result["p"]) == 2000 * stopped
    assert sim.advance(1.0) is True
    assert sim.step == stopped + 10


def test_kernels_are_cached_privately() -> None:
    """Generated modules lie in a folder that is the user's alone, without the user's names."""
    net = sp.Network()
    model = sp.NeuronModel(
        "dwombat/dt = -wombat/kangaroo : mV", parameters={"kangaroo": "10 ms"}, name="Quokka"
    )
    net.add(sp.Population("platypus", 2, model))
    net.run(0.1)
    folder = cache_folder()
    assert folder.stat().st_mode & 0o077 == 0 or not folder.stat().st_mode & 0o022
    newest = max(folder.glob("kernel_*.py"), key=lambda f: f.stat().st_mtime)
    for name in ("wombat", "kangaroo", "Quokka", "platypus"):
        assert name not in newest.read_text()


def test_precision_of_the_sums_is_reported() -> None:
    """The quantum is a power of two, fine enough for the weights."""
    net = sp.Network()
    p = net.add(sp.Population("p", 100, sp.LIF()))
    net.connect(p, p, sp.FixedInDegree(10), sp.ExponentialCurrent(weight=0.3))
    receptor = sp.Simulation(net).program.populations[0].receptors[0]
    assert np.log2(receptor.quantum) % 1 == 0
    assert receptor.rounding / 0.3 < 1e-7


def test_loud_sums_do_not_overflow() -> None:
    """Thousands of large weights at once: the sum is right in both precisions."""
    net = sp.Network()
    a = net.add(sp.Population("a", 5000, sp.SpikeSource()))
    b = net.add(sp.Population("b", 1, sp.LIF(v_rest=0.0, v=0.0, v_thresh=1e12, tau_m=1e9)))
    net.connect(a, b, sp.AllToAll(), sp.Delta(weight=123.25, delay=0.1))
    net.drive(a, sp.SpikeTrains([[1.0]] * 5000))
    net.record(b, "v")
    for precision in ("float32", "float64"):
        v = net.run(2.0, precision=precision)["b", "v"].of(0)[-1]
        assert v == pytest.approx(5000 * 123.25, rel=1e-6)


# Deliberately broken variants must not pass for right.


def sensitive() -> sp.Network:
    """A network in which each broken part shows."""
    net = sp.Network(seed=8)
    p = net.add(sp.Population("p", 60, sp.LIF(v_rest=0.0, v=0.0, v_thresh=8.0, v_reset=0.0)))
    source = net.add(sp.Population("s", 20, sp.SpikeSource()))
    net.connect(source, p, sp.FixedInDegree(30), sp.Delta(weight=0.5, delay=1.0))
    net.drive(source, sp.Poisson(300.0))
    net.record(p, "spikes", "v")
    return net


def agree(net: sp.Network) -> bool:
    """Whether both engines give the same bits."""
    slow, fast = net.run(30.0, on="reference"), net.run(30.0)
    return slow.same_spikes(fast) and np.array_equal(slow["p", "v"].values, fast["p", "v"].values)


def test_the_sensitive_network_agrees() -> None:
    """Unbroken, it does."""
    assert agree(sensitive())


def test_a_delay_off_by_one_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """One step later in one engine."""
    original = edge_list._steps
    monkeypatch.setattr(edge_list, "_steps", lambda d, dt: original(d, dt) + (d > 0))
    assert not agree(sensitive())


def test_a_dropped_multapse_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each pair at most once in one engine."""
    original = edge_list.enumerators.expand

    def dropped(rule: Any) -> Any:
        starts, targets, ordinals = original(rule)
        source = np.repeat(np.arange(rule.n_pre), np.diff(starts))
        _, first = np.unique(np.stack([source, targets]), axis=1, return_index=True)
        first.sort()
        counts = np.bincount(source[first], minlength=rule.n_pre)
        return np.concatenate([[0], np.cumsum(counts)]), targets[first], ordinals[first]

    class Broken:
        expand = staticmethod(dropped)

    monkeypatch.setattr(edge_list, "enumerators", Broken)
    assert not agree(sensitive())


def test_a_strict_threshold_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """`>` printed for `>=`: the sums of 0.5 reach 8 exactly while nothing leaks."""
    net = sensitive()
    net.populations["p"].model = sp.LIF(v_rest=0, v=0, v_thresh=8.0, v_reset=0, tau_m=1e30)
    assert agree(net)
    monkeypatch.setitem(printer._INFIX, "ge", ">")
    assert not agree(net)


def test_a_lost_quantum_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights rounded another way in one engine."""
    net = sp.Network(seed=8)
    p = net.add(sp.Population("p", 60, sp.LIF(i_offset=0.9)))
    weights = np.random.default_rng(0).normal(0.05, 0.02, 3600)
    net.connect(p, p, sp.AllToAll(), sp.ExponentialCurrent(weight=weights))
    net.drive(p, sp.Poisson(900.0, weight=0.2))
    net.record(p, "spikes", "v")
    assert agree(net)
    monkeypatch.setattr(edge_list.np, "rint", np.floor)
    assert not agree(net)


def test_flushing_is_part_of_the_semantics(monkeypatch: pytest.MonkeyPatch) -> None:
    """A decaying state ends at exactly zero in both engines."""
    net = sp.Network()
    p = net.add(sp.Population("p", 1, sp.LIF(v_rest=0.0, v=1.0, v_thresh=9.0, tau_m=0.1)))
    net.record(p, "v")
    for on in ("cpu", "reference"):
        assert net.run(20.0, on=on)["p", "v"].of(0)[-1] == 0.0


def test_layout_has_every_edge_once() -> None:
    """The buckets of all partitions together are the list of edges."""
    net = sp.Network(seed=6)
    a = net.add(sp.Population("a", 40, sp.LIF()))
    b = net.add(sp.Population("b", 30, sp.LIF()))
    net.connect(a, b, sp.FixedTotalNumber(500), sp.Delta(delay=sp.Uniform(0.1, 3.0)))
    net.connect(a, a, sp.FixedInDegree(5), sp.Delta(delay=1.0, weight=2.0))
    program = sp.Simulation(net).program
    expected = sum(len(edge_list.edge_list(e).pre) for e in program.edges)
    for count in (1, 2, 5):
        for width_bits in (0, 1, 3, None):
            plan = make_plan(program, count, width_bits)
            tables = build_tables(program, plan, np.arange(2), 2)
            assert sum(len(t.narrow) + len(t.wide) for t in tables) == expected == 700
    assert populations.INJECTED


def test_libraries_share_the_thread_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """While it runs, BLAS may use as many threads as the engine."""
    from threadpoolctl import threadpool_info

    np.ones((2, 2)) @ np.ones((2, 2))
    seen: list[int] = []
    sim = sp.Simulation(busy(10), threads=1)
    monkeypatch.setattr(
        CpuEngine,
        "_before_run",
        lambda self, thread: seen.extend(pool["num_threads"] for pool in threadpool_info()),
    )
    sim.advance(1.0)
    assert seen and max(seen) == 1


def test_errors_are_ours() -> None:
    """Every error of the package has one base."""
    assert issubclass(EngineError, SpikestackError)
