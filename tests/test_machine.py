"""Limits of control groups: both versions, nested, seen from inside and outside of a container."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import spikestack as sp
from spikestack import machine, simulation
from spikestack.errors import MemoryLimitError
from spikestack.machine import available_memory, available_processors

GIB = 2**30
Make = Callable[..., None]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """A machine with 16 processors and 8 GiB, and its groups' files."""
    proc = tmp_path / "proc"
    (proc / "self").mkdir(parents=True)
    (proc / "meminfo").write_text("MemTotal: 9000000 kB\nMemAvailable:    8388608 kB\n")
    monkeypatch.setattr(machine, "_PROC", proc)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)

    def write(own: str, mounts: list[tuple[str, str, str]], files: dict[str, str]) -> None:
        (proc / "self/cgroup").write_text(own)
        (proc / "self/mountinfo").write_text(
            "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
            + "".join(
                f"31 23 0:28 {root} {tmp_path}/{mount} rw,relatime shared:9 - {end}\n"
                for root, mount, end in mounts
            )
        )
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    return write


V2 = [("/", "cg", "cgroup2 cgroup2 rw,nsdelegate")]
V1 = [
    ("/", "cg/cpu,cpuacct", "cgroup cgroup rw,cpu,cpuacct"),
    ("/", "cg/memory", "cgroup cgroup rw,memory"),
    ("/", "cg/unified", "cgroup2 cgroup2 rw"),
]
V1_OWN = "11:memory:/jobs/7\n4:cpu,cpuacct:/jobs/7\n2:cpuset:/other\n1:name=systemd:/x:y\n0::/\n"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("max 100000", 16),
        ("150000 100000", 1),
        ("50000 100000", 1),
        ("400000 100000", 4),
        ("350000 100000", 3),
        ("6400000 100000", 16),
        ("", 16),
        ("nonsense", 16),
        ("100000 0", 16),
    ],
)
def test_quota_of_version_2(make: Make, text: str, count: int) -> None:
    """Whole processors, at least one, never more than there are."""
    make("0::/a/b\n", V2, {"cg/a/b/cpu.max": text})
    assert available_processors() == count


def test_the_smallest_limit_on_the_way_counts(make: Make) -> None:
    """A group is bound by those around it; a neighbour's limit is none of ours."""
    files = {"cg/a/cpu.max": "300000 100000\n", "cg/a/b/cpu.max": "max 100000\n"}
    make("0::/a/b\n", V2, files | {"cg/a/c/cpu.max": "100000 100000\n"})
    assert available_processors() == 3
    make("0::/a/c\n", V2, {})
    assert available_processors() == 1
    make("0::/\n", V2, {})
    assert available_processors() == 16


@pytest.mark.parametrize(("quota", "count"), [("-1", 16), ("250000", 2), ("1000", 1)])
def test_quota_of_version_1(make: Make, quota: str, count: int) -> None:
    """Beside an empty hierarchy of version 2, as many systems have it."""
    folder = "cg/cpu,cpuacct/jobs"
    make(
        V1_OWN,
        V1,
        {
            f"{folder}/cpu.cfs_quota_us": "-1\n",
            f"{folder}/7/cpu.cfs_quota_us": f"{quota}\n",
            f"{folder}/7/cpu.cfs_period_us": "100000\n",
        },
    )
    assert available_processors() == count


def test_inside_a_container(make: Make) -> None:
    """Its own group is what is mounted, though /proc may know it by its path outside."""
    root = "/docker/12 ab"
    mounts = [(root.replace(" ", "\\040"), "cg", "cgroup2 cgroup2 rw")]
    make(f"0::{root}\n", mounts, {"cg/cpu.max": "200000 100000"})
    assert available_processors() == 2
    make(f"0::{root}/inner\n", mounts, {"cg/inner/cpu.max": "100000 100000"})
    assert available_processors() == 1


@pytest.mark.parametrize("own", ["0::/../other\n", "0::/elsewhere\n", "", "rubbish\n\n0::"])
def test_groups_that_cannot_be_seen(make: Make, own: str) -> None:
    """What is mounted belongs to others: it limits nothing here."""
    mounts = [("/docker/1", "cg", "cgroup2 cgroup2 rw")]
    make(
        own, mounts, {"cg/cpu.max": "100000 100000", "cg/memory.max": "1", "cg/memory.current": "1"}
    )
    assert available_processors() == 16
    assert available_memory() == 8 * GIB


def test_no_files_at_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Other systems have no /proc."""
    monkeypatch.setattr(machine, "_PROC", tmp_path)
    assert available_processors() >= 1
    assert available_memory() > 0


def test_memory_of_version_2(make: Make) -> None:
    """The least that any group leaves; pages that can be dropped at once are free."""
    make(
        "0::/a/b\n",
        V2,
        {
            "cg/a/memory.max": f"{4 * GIB}\n",
            "cg/a/memory.current": f"{3 * GIB}\n",
            "cg/a/memory.stat": f"anon 5\ninactive_file {GIB}\nactive_file 7\n",
            "cg/a/b/memory.max": "max\n",
            "cg/a/b/memory.current": f"{3 * GIB}\n",
        },
    )
    assert available_memory() == 2 * GIB
    make("0::/a/b\n", V2, {"cg/a/b/memory.max": f"{GIB}\n"})
    assert available_memory() == 0


def test_memory_of_version_1(make: Make) -> None:
    """Its "unlimited" is a large number; the system's own total holds besides."""
    folder = "cg/memory/jobs/7"
    files = {
        f"{folder}/memory.limit_in_bytes": "9223372036854771712\n",
        f"{folder}/memory.usage_in_bytes": "5000\n",
    }
    make(V1_OWN, V1, files)
    assert available_memory() == 8 * GIB
    stat = {f"{folder}/memory.stat": f"inactive_file 1\ntotal_inactive_file {GIB // 2}\n"}
    limit = {f"{folder}/memory.limit_in_bytes": f"{GIB}\n"}
    make(V1_OWN, V1, files | limit | stat | {f"{folder}/memory.usage_in_bytes": f"{GIB}\n"})
    assert available_memory() == GIB // 2


def busy() -> sp.Network:
    """Large enough to run on all processors unless told otherwise."""
    net = sp.Network(seed=2)
    p = net.add(sp.Population("p", 5000, sp.LIF(i_offset=sp.Uniform(1.2, 2.5))))
    net.connect(p, p, sp.FixedInDegree(3), sp.Delta(weight=0.1, delay=sp.Uniform(0.5, 3.0)))
    net.record(p, "spikes")
    return net


def test_runs_heed_the_limits(make: Make) -> None:
    """A quota sets the default number of threads; too little memory is told before it is taken."""
    make("0::/a\n", V2, {"cg/a/cpu.max": "300000 100000"})
    assert simulation.Simulation(busy()).threads == 3
    make("0::/a\n", V2, {"cg/a/memory.max": "50000000", "cg/a/memory.current": "0"})
    with pytest.raises(MemoryLimitError, match="50,000,000 bytes are available"):
        busy().run(1.0)


def test_more_threads_than_processors() -> None:
    """Allowed, and the same spikes."""
    alone = busy().run(15.0, threads=1)
    assert len(alone["p"]) > 1000
    crowded = busy().run(15.0, threads=available_processors() + 7)
    assert np.array_equal(alone["p"].steps, crowded["p"].steps)
    assert alone.same_spikes(crowded)
