"""``spikestack bench``: how fast networks from the literature run, here and in other simulators."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from ..sizes import human_bytes
from .options import Duration, Json, Precision, check_choice, check_settings
from .output import clean, console, emit, one_line, say, stdout_kept_for_json, table
from .parts import part

__all__ = ["Threads", "chosen", "counts", "cpu", "listed", "program", "several", "shown"]

#: Beyond this relative difference of mean rates, two tools have not done the same work.
SAME_WORK = 0.15
OURS = "Spikestack"
#: Heads of the columns, and where their numbers are and how they are written.
TIMES = {
    "threads": ("threads", "d"),
    "build (s)": ("build_s", ".2f"),
    "wall (s/s)": ("wall_s_per_s", ".3g"),
    "CPU (s/s)": ("cpu_s_per_s", ".3g"),
}
RATIOS = {"wall x": ("wall_to_ours", ".3g"), "CPU x": ("cpu_to_ours", ".3g")}
EVENTS = {"events/s": ("events_per_s", ".3g")}
RATE = {"rate (Hz)": ("mean_rate", ".2f")}


def several(flag: str, metavar: str, about: str, default: str | bool = False) -> Any:
    """An option that may be repeated and hold several names with commas; see `listed`."""
    return typer.Option(flag, metavar=metavar, show_default=default, help=about)


Networks = Annotated[
    list[str] | None,
    several("--network", "NAME", "Networks to measure, repeated or with commas; else all."),
]
Against = Annotated[
    list[str] | None,
    several("--against", "PEERS", "nest, brian2, or both with a comma: measured in turn with us."),
]
PeerPython = Annotated[
    list[str] | None,
    several("--peer-python", "PEER=PATH", "A Python that has the peer, instead of installing it."),
]
Threads = Annotated[
    list[str] | None,
    several("--threads", "N", "Threads that may work; several with commas, each measured.", "1"),
]
Repeat = Annotated[
    int, typer.Option("--repeat", min=1, metavar="N", help="Runs, of which medians are shown.")
]
Seed = Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Of the networks.")]


def cpu(
    network: Networks = None,
    against: Against = None,
    peer_python: PeerPython = None,
    duration: Duration = 1000.0,
    threads: Threads = None,
    repeat: Repeat = 1,
    precision: Precision = "float32",
    seed: Seed = 1,
    as_json: Json = False,
) -> None:
    """Measure networks from the literature on this machine's processor.

    Times are wall and CPU seconds for each simulated second, after 100 ms of warming up and with
    building apart; events are synaptic events for each wall second. Rates stand beside the times: a
    network that fires at another rate has done other work. With --json each row is one line.

    --against runs other simulators on the same networks, in turn with ours, each in a process of
    its own; the columns with an x give their time as a multiple of ours. What is not there yet is
    installed into an environment in your cache folder, from the package index: some hundred
    megabytes each. Brian2 also needs make and a C++ compiler.
    """
    check_settings("cpu", precision)
    benchmarks = part("spikestack.benchmarks", "bench", "all")
    sessions = part("spikestack.benchmarks.session", "bench", "all")
    names = chosen("--network", network, benchmarks.NETWORKS) or list(benchmarks.NETWORKS)
    peers = chosen("--against", against, sessions.PEERS)
    numbers, pythons = counts(threads), _pythons(peer_python, peers)
    session = sessions.Session(
        sessions.Settings(duration, precision, seed, repeat), lambda line: say(one_line(line))
    )
    session.against(peers, pythons)
    rows = shown(session.rows(names, numbers), as_json)
    if rows and not as_json:
        _show(rows, bool(peers), f"{duration:g} ms of each, {repeat} run{'s' * (repeat > 1)}")
    if session.failed:
        raise typer.Exit(1)


def listed(given: Iterable[str] | None) -> list[str]:
    """The names in options that may be repeated and hold several, each once."""
    parts = [name.strip() for text in given or () for name in text.split(",")]
    if "" in parts:
        raise typer.BadParameter(f"{','.join(given or ())!r} has an empty part; write a,b")
    return list(dict.fromkeys(parts))


def chosen(flag: str, given: Iterable[str] | None, known: Collection[str]) -> list[str]:
    """The names in such an option, all of which must be known."""
    names = listed(given)
    for name in names:
        check_choice(flag, name, lambda: known)
    return names


def program(path: str | Path, about: str) -> Path:
    """Where the interpreter is that an option names."""
    found = shutil.which(Path(path).expanduser())
    if found is None:
        raise typer.BadParameter(f"--peer-python: {about} is no program to run")
    return Path(found).absolute()


def counts(given: Iterable[str] | None) -> list[int]:
    """Numbers of threads in options like those, by default one."""
    found = listed(given) or ["1"]
    for count in found:
        if not (count.isascii() and count.isdecimal() and 0 < int(count[:9]) < 10_000):
            raise typer.BadParameter(f"--threads: {count!r} is no number of threads; give 2 or 1,2")
    return [int(count) for count in found]


def _pythons(given: Iterable[str] | None, peers: list[str]) -> dict[str, Path]:
    """The interpreters in options of the form PEER=PATH."""
    found = {}
    for text in given or ():
        name, _, path = text.partition("=")
        if not path:
            raise typer.BadParameter(f"--peer-python: {text!r} is no pair; give nest=/path/python")
        if name not in peers:
            raise typer.BadParameter(f"--peer-python: {name!r} is not in --against; add it there")
        found[name] = program(path, f"{path!r} for {name}")
    return found


def shown(rows: Iterable[dict[str, Any]], as_json: bool) -> list[dict[str, Any]]:
    """Take the rows as they are measured, each printed at once if they are for JSON."""
    found = []
    stream = iter(rows)
    while True:
        with stdout_kept_for_json(as_json):
            row = next(stream, None)
        if row is None:
            return found
        found.append(row)
        if as_json:
            emit(row, indent=None)


def _show(rows: list[dict[str, Any]], compared: bool, settings: str) -> None:
    page = console()
    if compared:
        for name in dict.fromkeys(row["network"] for row in rows):
            page.print(clean(name), style="bold")
            of_it = [row for row in rows if row["network"] == name]
            page.print(_table("tool", TIMES | RATIOS | RATE, of_it))
    else:
        page.print(_table("network", TIMES | EVENTS | RATE, rows))
    for line in dict.fromkeys(_rates(row) for row in rows):
        page.print(clean(line))
    for line in _other_work(rows):
        page.print(clean(line), style="bold red")
    page.print(settings)


def _table(first: str, columns: dict[str, tuple[str, str]], rows: list[dict[str, Any]]) -> Any:
    heads = (first, *columns, "peak")
    cells = [
        [
            row[first],
            *(_number(row.get(key), form) for key, form in columns.values()),
            "–" if row["peak_bytes"] is None else human_bytes(row["peak_bytes"]),
        ]
        for row in rows
    ]
    return table(heads, cells, right=heads[1:])


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def _rates(row: dict[str, Any]) -> str:
    about = f"{row['network']}, {row['tool']} {row['version']}, {row['precision']}"
    rates = ", ".join(f"{name} {rate:.2f}" for name, rate in row["rates"].items())
    return f"{about}: {_size(row)}, rates in Hz: {rates}"


def _size(row: dict[str, Any]) -> str:
    synapses = row["synapses"]
    edges = "" if synapses is None else f", {synapses:,} synapses"
    return f"{row['neurons']:,} neurons{edges}"


def _other_work(rows: list[dict[str, Any]]) -> Iterable[str]:
    """A line for each tool whose mean rate is not ours."""
    ours = {(r["network"], r["threads"]): r["mean_rate"] for r in rows if r["tool"] == OURS}
    for row in rows:
        rate = ours.get((row["network"], row["threads"]))
        if rate is not None and abs(row["mean_rate"] - rate) > SAME_WORK * rate:
            yield (
                f"{row['network']}: {row['tool']} fires at {row['mean_rate']:.2f} Hz and we at "
                f"{rate:.2f} Hz, so the times are those of different work; measure longer (--for)"
            )
