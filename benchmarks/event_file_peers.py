"""How fast other tools decode event files: run by an interpreter that has them.

    python benchmarks/event_files.py --peer-python /path/to/python

writes the files, and calls this one with their paths. A row of JSON for each tool and file: million
events for each CPU second of the process, all of its threads together, the best of three; or why
there is none.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

TIMES = 3


def expelliarmus(path: str, name: str) -> Callable[[], int]:
    """Arrays of all events."""
    encodings = {"evt2": "evt2", "evt3": "evt3", "dat": "dat"}
    wizard = importlib.import_module("expelliarmus").Wizard(encoding=encodings[name])
    return lambda: len(wizard.read(path))


def faery(path: str, name: str) -> Callable[[], int]:
    """Packets of arrays, as they come."""
    tool = importlib.import_module("faery")
    return lambda: sum(len(packet) for packet in tool.events_stream_from_file(path))


def evlib(path: str, name: str) -> Callable[[], int]:
    """A lazy frame, collected."""
    tool = importlib.import_module("evlib")
    return lambda: len(tool.load_events(path).collect())


def eventcv(path: str, name: str) -> Callable[[], int]:
    """Whatever its reader gives."""
    tool = importlib.import_module("eventcv")
    return lambda: len(tool.load(path))


def evutils(path: str, name: str) -> Callable[[], int]:
    """Pieces, one after the other."""
    reader = importlib.import_module("evutils.io").EventReader
    return lambda: sum(len(part) for part in reader(path))


TOOLS = {f.__name__: f for f in (expelliarmus, faery, evlib, eventcv, evutils)}


def measure(tool: str, path: str, name: str) -> dict[str, Any]:
    """One row."""
    row: dict[str, Any] = {"tool": tool, "format": name}
    try:
        importlib.import_module(tool)
    except ImportError:
        return row | {"skipped": "not installed"}
    try:
        work, best, count = TOOLS[tool](path, name), float("inf"), 0
        for _ in range(TIMES):
            start = time.process_time()
            count = work()
            best = min(best, time.process_time() - start)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return row | {"skipped": f"{type(error).__name__}: {str(error)[:120]}"}
    return row | {"events": count, "read_millions_per_cpu_s": round(count / best / 1e6, 1)}


def main() -> None:
    """Every tool, every file named ``events.FORMAT.ENDING``."""
    for path in sys.argv[1:]:
        for tool in TOOLS:
            print(json.dumps(measure(tool, path, Path(path).name.split(".")[1])), flush=True)


if __name__ == "__main__":
    main()
