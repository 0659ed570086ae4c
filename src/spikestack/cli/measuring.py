"""``spikestack demo`` and ``spikestack bench``."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import MissingExtraError, SpikestackError, UnknownNameError
from .options import Duration, Json, Precision, check_settings
from .output import clean, console, emit, human_bytes, one_line, say, stdout_kept_for_json, table

__all__ = ["bench", "demo"]

COLUMNS = (
    "network",
    "neurons",
    "synapses",
    "build (s)",
    "wall (s/s)",
    "CPU (s/s)",
    "events/s",
    "peak",
)


def demo(
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where the report goes.")
    ] = Path("demo-report"),
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Seed of all of it.")] = 1,
    as_json: Json = False,
) -> None:
    """Read handwritten digits from the spikes of a reservoir, and write a report."""
    with stdout_kept_for_json(as_json):
        result = _part("spikestack.demo", "the demo", "demo").main(out=out, seed=seed)
    if as_json:
        emit(result)


def bench(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", show_default=False, help="One network; else all."),
    ] = None,
    duration: Duration = 1000.0,
    threads: Annotated[
        int, typer.Option("--threads", min=1, metavar="N", help="Threads that may work.")
    ] = 1,
    precision: Precision = "float32",
    as_json: Json = False,
) -> None:
    """Measure networks from the literature on this machine.

    Times are wall and CPU seconds for each simulated second, building apart; events are synaptic
    events for each wall second. With --json each network is one line.
    """
    check_settings("cpu", precision)
    benchmarks = _part("spikestack.benchmarks", "bench", "all")
    if name is not None and name not in benchmarks.NETWORKS:
        raise UnknownNameError("bench", name, benchmarks.NETWORKS)
    names = [name] if name is not None else list(benchmarks.NETWORKS)
    settings = {"duration": duration, "threads": threads, "precision": precision}
    rows, failed = [], False
    for row in _measured(benchmarks, names, settings, as_json):
        failed |= row is None
        if row is not None:
            rows.append(row)
            if as_json:
                emit(row, indent=None)
    if rows and not as_json:
        _show(rows, settings)
    if failed:
        raise typer.Exit(1)


def _measured(
    benchmarks: Any, names: list[str], settings: dict[str, Any], quiet: bool
) -> Iterator[dict[str, Any] | None]:
    """One row for each network, or None after an error that the next ones may not share."""
    for name in names:
        if not quiet:
            say(f"measuring {name} ...")
        try:
            with stdout_kept_for_json(quiet):
                row = benchmarks.measure(name, **settings)
        except SpikestackError as error:
            say(f"error: {name}: {one_line(error)}")
            yield None
        else:
            yield row


def _cells(row: dict[str, Any]) -> list[str]:
    return [
        row["name"],
        f"{row['neurons']:,}",
        "–" if row["synapses"] is None else f"{row['synapses']:,}",
        f"{row['build_s']:.2f}",
        f"{row['wall_s_per_s']:.3g}",
        f"{row['cpu_s_per_s']:.3g}",
        f"{row['events_per_s']:.3g}",
        human_bytes(row["peak_bytes"]),
    ]


def _show(rows: list[dict[str, Any]], settings: dict[str, Any]) -> None:
    page = console()
    page.print(table(COLUMNS, [_cells(row) for row in rows], right=COLUMNS[1:]))
    for row in rows:
        rates = ", ".join(f"{name} {rate:.2f}" for name, rate in row["rates"].items())
        page.print(f"{clean(row['name'])}: dt {row['dt']:g} ms, rates in Hz: {clean(rates)}")
    page.print(
        f"{settings['duration']:g} ms of each, threads {settings['threads']}, "
        f"{settings['precision']}"
    )


def _part(module: str, feature: str, extra: str) -> Any:
    try:
        return importlib.import_module(module)
    except MissingExtraError:
        raise
    except ImportError as error:
        raise MissingExtraError(feature, extra) from error
