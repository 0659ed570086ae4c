"""Threads that wait for each other: asleep or awake, alone or beside the processes of others."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

import spikestack as sp
from spikestack.engines.cpu.engine import CpuEngine
from spikestack.errors import EngineError


def network(n: int = 300) -> sp.Network:
    net = sp.Network(seed=8)
    p = net.add(sp.Population("p", n, sp.LIF(i_offset=sp.Uniform(1.0, 2.0))))
    net.connect(p, p, sp.FixedInDegree(20), sp.Delta(weight=0.2, delay=sp.Uniform(0.1, 2.0)))
    net.record(p, "spikes", "v")
    return net


@pytest.mark.parametrize("threads", [2, 3])
def test_sleeping_changes_nothing(threads: int) -> None:
    """Spikes do not depend on how threads wait, nor on which of them sleep."""
    wanted = network().run(60.0, threads=1)
    assert len(wanted["p"]) > 300
    simulation = sp.Simulation(network(), threads=threads)
    simulation.engine.crowded[1:] = 200
    simulation.advance(60.0)
    assert simulation.recording().same_spikes(wanted)
    assert (simulation.engine.crowded[1:, 0] != 200).all()


def test_a_failure_wakes_those_asleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sleeps notices that another thread has failed."""

    def fail(self: CpuEngine, thread: int) -> None:
        if thread == 1:
            time.sleep(0.2)
            raise RuntimeError("injected")

    simulation = sp.Simulation(network(), threads=2)
    simulation.engine.crowded[:] = 1000
    monkeypatch.setattr(CpuEngine, "_before_run", fail)
    with pytest.raises(EngineError, match="injected"):
        simulation.advance(10.0)


@pytest.mark.slow
@pytest.mark.parametrize("threads", [2, 4])
def test_busy_machine(threads: int) -> None:
    """Beside eight busy processes, 2,000 steps take a few seconds: threads that yield took 12."""
    simulation = sp.Simulation(network(), threads=threads)
    simulation.advance(1.0)
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(8)]
    try:
        started = time.perf_counter()
        simulation.advance(200.0)
        took = time.perf_counter() - started
    finally:
        for process in others:
            process.kill()
            process.wait()
    assert simulation.recording().same_spikes(network().run(201.0, threads=1))
    assert took < 6.0
