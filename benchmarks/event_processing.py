"""What filters and representations of camera events cost: one JSON row each.

``python benchmarks/event_processing.py [--peer-python PATH]``. 1280 x 720 pixels, 10 million events
in 1 s, one thread: ``noise`` all over, ``bar`` one edge that moves, with its noise. A row has
millions of events per processor second, the best of five, after a first call that compiles. With
the interpreter of an environment that has tonic or dv-processing, these run the same in turn.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402

WIDTH, HEIGHT, DURATION = 1280, 720, 1_000_000
#: Peers that take longer are given fewer events.
FEW = 1_000_000


def columns(kind: str, n: int) -> dict[str, np.ndarray]:
    """Events of either kind, sorted."""
    rng = np.random.default_rng(1)
    t = np.sort(rng.integers(0, DURATION, n))
    x = rng.integers(0, WIDTH, n)
    if kind == "bar":
        moving = rng.random(n) < 0.7
        edge = (t * WIDTH // DURATION + rng.integers(0, 4, n)) % WIDTH
        x = np.where(moving, edge, x)
    return {"t": t, "x": x, "y": rng.integers(0, HEIGHT, n), "p": rng.integers(0, 2, n)}


def rate(call: Callable[[], Any], n: int, times: int = 5) -> float:
    """Millions of events per processor second."""
    call()
    best = float("inf")
    for _ in range(times):
        begin = time.process_time()
        call()
        best = min(best, time.process_time() - begin)
    return round(n / best / 1e6, 3)


def ours(kind: str, n: int) -> Iterator[dict[str, Any]]:
    """Rows of Spikestack."""
    import spikestack as sp
    from spikestack.sensors.events import CameraEvents

    events = CameraEvents(**columns(kind, n), width=WIDTH, height=HEIGHT)
    filters = {
        "background": sp.BackgroundActivity(2.0),
        "correlation": sp.SpatioTemporalCorrelation(2.0, k=2),
        "row and column": sp.RowColumnActivity(2.0),
        "refractory": sp.RefractoryFilter(1.0),
        "polarity alternation": sp.PolarityAlternation(),
        "hot pixel": sp.HotPixel(100.0),
        "flicker": sp.Flicker(),
        "rate limiter": sp.RateLimiter(5e6),
        "crop": sp.Crop(100, 100, 640, 480),
        "down-sample": sp.DownSample(2, 1.0),
        "down-sample, differential": sp.DifferentialDownSample(2),
    }
    for name, one in filters.items():
        yield {"what": f"filter: {name}", "mask": rate(partial(one.mask, events), n)} | {
            "events_out": rate(partial(one, events), n)
        }

    def one_by_one(events: CameraEvents) -> None:
        for _ in sp.EventFrames(33.0).each(events):
            pass

    makers = {
        "frames, 33 ms": sp.EventFrames(33.0),
        "frames, 33 ms, one by one": one_by_one,
        "voxel grid, 5 bins": sp.VoxelGrid(5),
        "time surface": sp.TimeSurface(20.0),
        "time surface, 30 of them": sp.TimeSurface(20.0, at=np.arange(1, 31) * 33.0),
        "stacked histogram, 10 bins": sp.StackedHistogram(10),
        "recent events, 3": sp.TimeOrderedRecentEvents(3),
        "packed frames, 10 ms": sp.PackedFrames(10.0),
        "sparse frames, 10 bins": sp.SparseFrames(10),
        "speed-invariant surface, radius 3": sp.SpeedInvariantSurface(3),
    }
    for name, maker in makers.items():
        yield {"what": name, "array": rate(partial(maker, events), n)}
    few = events[: n // 20]
    slow = rate(partial(sp.AveragedTimeSurfaces(10, 3), few), len(few))
    yield {"what": "averaged time surfaces, radius 3", "n": len(few), "array": slow}
    graph = rate(partial(sp.EventGraph(3.0, 0.3, 16), few), len(few))
    yield {"what": "event graph, radius 3, 16 neighbours", "n": len(few), "array": graph}


def tonic(kind: str, n: int) -> Iterator[dict[str, Any]]:
    """Rows of tonic's transforms."""
    import tonic.transforms as tt

    given = columns(kind, n)
    events = np.zeros(n, [("x", "i2"), ("y", "i2"), ("t", "i8"), ("p", "i1")])
    for name, column in given.items():
        events[name] = column
    size = (WIDTH, HEIGHT, 2)
    one = {
        "filter: background": tt.Denoise(filter_time=2000),
        "filter: refractory": tt.RefractoryPeriod(delta=1000),
        "frames, 33 ms": tt.ToFrame(size, time_window=33_000),
        "voxel grid, 5 bins": tt.ToVoxelGrid(size, n_time_bins=5),
        "time surface, 30 of them": tt.ToTimesurface(size, dt=33_000, tau=20_000),
    }
    for what, transform in one.items():
        yield {"what": what, "out": rate(partial(transform, events), n, times=1)}


def dv_processing(kind: str, n: int) -> Iterator[dict[str, Any]]:
    """Rows of dv-processing."""
    import dv_processing as dv

    store, given = dv.EventStore(), columns(kind, n)
    for t, x, y, p in zip(*(given[name].tolist() for name in ("t", "x", "y", "p"))):
        store.push_back(t + 1, x, y, bool(p))
    size = (WIDTH, HEIGHT)

    def background() -> None:
        from datetime import timedelta

        made = dv.noise.BackgroundActivityNoiseFilter(
            size, backgroundActivityDuration=timedelta(milliseconds=2)
        )
        made.accept(store)
        made.generateEvents()

    def surface() -> None:
        made = dv.TimeSurface(size)
        made.accept(store)
        made.generateFrame()

    yield {"what": "filter: background", "out": rate(background, n)}
    yield {"what": "time surface", "out": rate(surface, n)}


TOOLS = {"spikestack": ours, "tonic": tonic, "dv-processing": dv_processing}


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--tools", nargs="+", default=["spikestack"], choices=sorted(TOOLS))
    parser.add_argument("--peer-python", help="interpreter with tonic and dv-processing")
    given = parser.parse_args()
    for tool in given.tools:
        n = given.events if tool == "spikestack" else min(given.events, FEW)
        for kind in ("noise", "bar"):
            try:
                for row in TOOLS[tool](kind, n):
                    print(json.dumps({"tool": tool, "events": kind, "n": n} | row), flush=True)
            except ImportError as error:
                print(json.dumps({"tool": tool, "skipped": f"not installed: {error}"}), flush=True)
    if given.peer_python:
        for tool in ("tonic", "dv-processing"):
            command = [given.peer_python, __file__, "--tools", tool]
            if subprocess.run(command, check=False).returncode:
                print(f"{tool}: not measured", file=sys.stderr)


if __name__ == "__main__":
    main()
