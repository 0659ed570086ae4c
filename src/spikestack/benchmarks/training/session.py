"""Training steps side by side: every measurement in a process of its own, one after the other."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import EngineError, SpikestackError
from ..peers.process import last_words, run_group
from .cases import CASES, Case

__all__ = ["PEERS", "TrainSession", "TrainSettings"]

Row = dict[str, Any]

#: Libraries by the name of their module, and as they write themselves.
PEERS = {
    "snntorch": "snnTorch", "spikingjelly": "SpikingJelly", "norse": "Norse", "sinabs": "sinabs",
}  # fmt: skip
_OURS, _HERE = "Spikestack", Path(__file__).parent
#: Waiting threads that spin would be counted as work, and disturb who is measured next.
_QUIET = {"OMP_WAIT_POLICY": "PASSIVE", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True)
class TrainSettings:
    """What all measurements of a session have in common."""

    threads: tuple[int, ...] = (1, 2)
    repeat: int = 5
    quick: bool = False


class TrainSession:
    """Measures training steps here and in other libraries.

    Parameters
    ----------
    settings
        Of every measurement.
    tell
        Takes a line for people: what is being done, and what failed.
    """

    def __init__(self, settings: TrainSettings, tell: Callable[[str], None]) -> None:
        self.settings, self.tell, self.failed = settings, tell, False

    def rows(self, cases: Sequence[str], peers: Sequence[str], python: str) -> Iterator[Row]:
        """A row for each case, tool and number of threads; failures are told.

        Rows have ``case``, ``tool``, ``version``, ``threads``, ``cpu_ms`` and ``wall_ms`` of a
        step forward and backward, ``peak_bytes`` by which its peak is above rest (None where it is
        not measured), ``cpu_to_ours``, ``wall_to_ours`` and ``peak_to_ours`` with respect to one
        thread of ours, ``steps``, ``batch`` and ``neurons`` or ``side``, ``repeat``, ``load``
        (of the machine, when the measurement began) and ``machine``.
        """
        for name in cases:
            case = CASES[name]
            ours: Row = {}
            for row in self._of_case(name, case, peers if case.peers else (), python):
                if row["tool"] == _OURS and row["threads"] == 1:
                    ours = row
                for what in ("cpu_ms", "wall_ms", "peak_bytes"):
                    ratio = what.rpartition("_")[0] + "_to_ours"
                    row[ratio] = row[what] / ours[what] if row[what] and ours.get(what) else None
                yield row

    def _of_case(self, name: str, case: Case, peers: Sequence[str], python: str) -> Iterator[Row]:
        shape = case.quick if self.settings.quick else case.shape
        asked: Row = {"case": name, "shape": shape, "repeat": self.settings.repeat}
        common = {"case": name, **shape, "repeat": self.settings.repeat,
                  "machine": f"{platform.machine()}, {os.cpu_count()} cores"}  # fmt: skip
        ours = [sys.executable, "-m", f"{__package__}.run_ours"]
        jobs: list[tuple[str, list[str], Row]] = [
            (_OURS, ours, {"threads": self.settings.threads, "beside": case.beside})
        ]
        script = str(_HERE / "run_peer.py")
        jobs += [(PEERS[p], [python, script], {"tool": p, "threads": 1}) for p in peers]
        for title, command, more in jobs:
            self.tell(f"measuring {name} ({title}) ...")
            load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
            try:
                found = _answer(command, asked | more)
            except (SpikestackError, OSError) as error:
                self.failed = True
                self.tell(f"error: {title} on {name}: {' '.join(str(error).split())}")
                continue
            for row in found.get("rows", [{"tool": title, "threads": 1, **found}]):
                yield common | row | {"load": load}


def _answer(command: Sequence[str], asked: Row) -> Row:
    code, output, errors = run_group(command, json.dumps(asked), _QUIET)
    if code:
        raise EngineError(f"failed: {last_words(errors, code)}")
    try:
        return dict(json.loads(output.strip().splitlines()[-1]))
    except (ValueError, IndexError, TypeError):
        raise EngineError("printed no row of measurements") from None
