"""A session of measurements: networks one after the other, tools in turn on each of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from ..errors import EngineError, SpikestackError
from ..version import __version__
from .measure import measure
from .peers import (
    HERE,
    OURS,
    PEERS,
    Peer,
    check_compiler,
    check_room,
    describe,
    interpreter_of,
    measured,
)

__all__ = ["MEDIANS", "Session", "Settings"]

Row = dict[str, Any]

DT, WARM_UP = 0.1, 100.0
#: Columns of which a row has the median over the repetitions.
MEDIANS = ("build_s", "wall_s_per_s", "cpu_s_per_s", "events_per_s", "peak_bytes")


@dataclass(frozen=True)
class Settings:
    """What all measurements of a session have in common; `precision` is ours alone."""

    duration: float = 1000.0
    precision: str = "float32"
    seed: int = 1
    repeat: int = 1


class Session:
    """Measures networks here and, side by side, in peers.

    Parameters
    ----------
    settings
        Of every measurement.
    tell
        Takes a line for people: what is being done, and what failed.
    """

    def __init__(self, settings: Settings, tell: Callable[[str], None]) -> None:
        self.settings, self.tell, self.failed = settings, tell, False
        #: Peers and their commands; without any, we measure in this process.
        self.peers: list[tuple[Peer, list[str]]] = []

    def against(self, names: Sequence[str], pythons: Mapping[str, Path]) -> None:
        """Add peers, whose interpreters are in `pythons` or installed; those that fail stay out."""
        for name in names:
            peer = PEERS[name]
            try:
                check_compiler(peer)
                # Environments of ours are sealed off; a given interpreter keeps its surroundings.
                command = (
                    [str(pythons[name])]
                    if name in pythons
                    else [str(interpreter_of(peer, self.tell)), "-I"]
                )
            except (SpikestackError, OSError) as error:
                self._fail(peer.title, error)
            else:
                self.peers.append((peer, [*command, str(HERE / peer.script)]))

    def rows(self, networks: Sequence[str], threads: Sequence[int]) -> Iterator[Row]:
        """One row of medians for each network, number of threads and tool; failures are told."""
        for name in networks:
            for count in threads:
                yield from self._in_turn(name, count)

    def _in_turn(self, name: str, threads: int) -> Iterator[Row]:
        """Ours, peer, ours, peer: a load on the machine then meets all of them alike."""
        runs: dict[str, list[Row]] = {}
        tools: list[Peer] = [OURS, *(peer for peer, _ in self.peers)]
        for turn in range(self.settings.repeat):
            for tool in list(tools):
                try:
                    self._announce(tool, name, threads, turn)
                    runs.setdefault(tool.title, []).append(self._row(tool, name, threads))
                except (SpikestackError, OSError) as error:
                    self._fail(f"{tool.title} on {name}", error)
                    runs.pop(tool.title, None)
                    tools.remove(tool)
        ours: Row = {}
        for title, found in runs.items():
            row = _median(found)
            if title == OURS.title:
                ours = row
            if ours and self.peers:
                row["wall_to_ours"] = _ratio(row["wall_s_per_s"], ours["wall_s_per_s"])
                row["cpu_to_ours"] = _ratio(row["cpu_s_per_s"], ours["cpu_s_per_s"])
            yield row

    def _announce(self, tool: Peer, name: str, threads: int, turn: int) -> None:
        place = f"{tool.title}, " if self.peers else ""
        plural = "s" * (threads != 1)
        turns = f", run {turn + 1} of {self.settings.repeat}" if self.settings.repeat > 1 else ""
        self.tell(f"measuring {name} ({place}{threads} thread{plural}{turns}) ...")

    def _fail(self, what: str, error: Exception) -> None:
        self.failed = True
        self.tell(f"error: {what}: {' '.join(str(error).split())}")

    def _row(self, tool: Peer, name: str, threads: int) -> Row:
        asked: Row = {
            "name": name,
            "duration": self.settings.duration,
            "threads": threads,
            "precision": self.settings.precision,
            "seed": self.settings.seed,
        }
        if tool is OURS and not self.peers:
            return _ours(measure(**asked) | {"version": __version__})
        if tool is OURS:
            module = f"{__package__}.peers.run_spikestack"
            return _ours(measured([sys.executable, "-m", module], asked))
        return self._peer_row(tool, asked)

    def _peer_row(self, peer: Peer, asked: Row) -> Row:
        from . import NETWORKS

        network = describe(NETWORKS[asked["name"]](self.settings.seed))
        edges = sum(projection["edges"] for projection in network["projections"])
        check_room(peer, edges)
        command = next(command for known, command in self.peers if known is peer)
        row = measured(command, {**asked, "network": network, "dt": DT, "warm_up": WARM_UP})
        if set(row["rates"]) != {population["name"] for population in network["populations"]}:
            raise EngineError(f"gives rates of {', '.join(row['rates']) or 'nothing'}")
        common = {
            "tool": peer.title,
            "version": row["version"],
            "network": asked["name"],
            "threads": asked["threads"],
            "precision": row["precision"],
        }
        return common | row | _activity(network, row)


def _ours(row: Row) -> Row:
    head = {"tool": OURS.title, "version": row.pop("version"), "network": row.pop("name")}
    return head | row


def _activity(network: Row, row: Row) -> Row:
    """Mean rate over all neurons, and synaptic events for each wall second."""
    sizes = {p["name"]: p["size"] for p in network["populations"]}
    events = sum(row["rates"][p["pre"]] * p["edges"] for p in network["projections"])
    spikes = sum(row["rates"][name] * size for name, size in sizes.items())
    return {
        "mean_rate": spikes / sum(sizes.values()),
        "events_per_s": _ratio(events, row["wall_s_per_s"]),
    }


def _ratio(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None


def _median(runs: list[Row]) -> Row:
    row = dict(runs[-1])
    for name in MEDIANS:
        found = [run[name] for run in runs if run[name] is not None]
        row[name] = median(found) if found else None
    return row | {"runs": len(runs)}
