"""How fast files of events are decoded and written: million events for each CPU second.

    python benchmarks/event_files.py --events 10000000 --format evt2,evt3,dat

Prints a row of JSON for each format. Events come in short runs along rows, as moving edges make
them. A file is written once, then decoded to columns from the page cache, on one thread; the best
of `--repeat` counts. ``read`` is `read_events`, which also sets times in order and checks them.
With ``--peer-python PATH``, an interpreter that has faery, evlib, expelliarmus, eventcv or evutils,
these read the same files; a row says so where one is not installed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from spikestack.errors import ValidationError
from spikestack.sensors.events import CameraEvents
from spikestack.sensors.files.opening import EventFile, formats, write_events

WIDTH, HEIGHT = 1280, 720
RUN = 1.9


def edges(events: int, seed: int = 1) -> CameraEvents:
    """Runs along rows, two pixels long on the average, 7 us apart."""
    rng = np.random.default_rng(seed)
    runs = int(events / RUN * 1.1) + 10
    lengths = rng.geometric(1 / RUN, runs)
    of_run = np.repeat(np.arange(runs), lengths)[:events]
    place = np.arange(len(of_run)) - np.concatenate([[0], np.cumsum(lengths)])[of_run]
    x = rng.integers(0, WIDTH - 64, runs)[of_run] + np.minimum(place, 63)
    return CameraEvents(
        t=np.cumsum(rng.integers(0, 15, runs))[of_run],
        x=x.astype(np.uint16),
        y=rng.integers(0, HEIGHT, runs).astype(np.uint16)[of_run],
        p=rng.integers(0, 2, runs).astype(np.uint8)[of_run],
        width=WIDTH,
        height=HEIGHT,
    )


def seconds(work: Callable[[], object], repeat: int) -> float:
    """CPU seconds of the fastest of some calls."""
    best = float("inf")
    for _ in range(repeat):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def measure(name: str, events: CameraEvents, folder: Path, repeat: int) -> dict[str, object]:
    """A row for one format."""
    path = folder / f"events.{name}"
    write_events(path, events[:1000], format=name)
    EventFile(path, name).read()
    start = time.process_time()
    write_events(path, events, format=name)
    written = time.process_time() - start
    file = EventFile(path, name)
    decoded = seconds(lambda: list(file.pieces(None)), repeat)
    read = seconds(file.read, repeat)
    millions = len(events) / 1e6
    return {
        "format": name,
        "events": len(events),
        "bytes_per_event": round(path.stat().st_size / len(events), 2),
        "decode_millions_per_cpu_s": round(millions / decoded, 1),
        "read_millions_per_cpu_s": round(millions / read, 1),
        "write_millions_per_cpu_s": round(millions / written, 1),
    }


#: What others read, too.
ENDINGS = {"evt2": "raw", "evt3": "raw", "dat": "dat", "prophesee-hdf5": "hdf5"}


def peers(python: str, events: CameraEvents, folder: Path) -> None:
    """Rows of other tools."""
    paths = []
    for name, ending in ENDINGS.items():
        paths.append(str(write_events(folder / f"events.{name}.{ending}", events, format=name)))
    script = Path(__file__).with_name("event_file_peers.py")
    subprocess.run([python, str(script), *paths], check=False, timeout=1800)


def main() -> None:
    """Measure the formats asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--format", default="", help="names with commas; else all")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--peer-python", help="interpreter of an environment that has other tools")
    args = parser.parse_args()
    events = edges(args.events)
    with tempfile.TemporaryDirectory() as folder:
        for name in args.format.split(",") if args.format else formats():
            try:
                row = measure(name, events, Path(folder), args.repeat)
            except ValidationError as error:
                row = {"format": name, "skipped": str(error)[:120]}
            print(json.dumps(row), flush=True)
        if args.peer_python:
            peers(args.peer_python, events, Path(folder))


if __name__ == "__main__":
    main()
