"""``spikestack run``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import (
    Connectivity,
    Dt,
    Duration,
    Engine,
    File,
    Json,
    OptionalThreads,
    Precision,
    Seed,
    Trials,
    check_settings,
)
from .output import emit, one_line, say, stdout_kept_for_json

if TYPE_CHECKING:
    from ..network import Network
    from ..recording import Recording, SpikeRecord

__all__ = ["run", "summary_of"]

RECORDING, FIGURE, PAGE = "recording.spk", "raster.png", "report.html"
INTERRUPTED = 130


def run(
    file: File,
    on: Engine = "cpu",
    duration: Duration = 1000.0,
    dt: Dt = 0.1,
    threads: OptionalThreads = None,
    precision: Precision = "float32",
    trials: Trials = 1,
    seed: Seed = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help=f"Save {RECORDING} there; made if missing."),
    ] = None,
    plot: Annotated[
        bool, typer.Option("--plot", help=f"Draw {FIGURE}, in DIR or else in this folder.")
    ] = False,
    page: Annotated[
        bool, typer.Option("--html", help=f"Write {PAGE}, in DIR or else in this folder.")
    ] = False,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="RUN", help="Record to this new folder while running."),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a recording that is in RUN already.")
    ] = False,
    connectivity: Connectivity = "stored",
    lazy: Annotated[
        bool, typer.Option("--lazy", help="Let neurons rest sooner; spikes may then differ.")
    ] = False,
    profile: Annotated[
        bool, typer.Option("--profile", help="Time the phases of a step; print a report.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Run a network and show what it did.

    FILE is a Python file that defines a network, as a variable net or as a function
    network(seed=...) that returns one, or a description saved by net.save(path). A Python file is
    executed, as by python itself: run only files that you trust. Saved files never execute
    anything. Where the network records nothing, the spikes of all populations are recorded.
    Ctrl-C ends the run and keeps what was recorded. A run of any length fits with --to, which
    records to a folder as it goes; sp.open_recording reads it, also after a crash.
    """
    from ..run import run as simulate
    from .sources import load_network

    check_settings(on, precision)
    folder = _prepared(out, plot)
    with stdout_kept_for_json(as_json):
        network = load_network(file, seed)
        _record_something(network)
        recording = simulate(
            network,
            duration,
            on=on,
            dt=dt,
            threads=threads,
            precision=precision,
            trials=trials,
            connectivity=connectivity,
            lazy=lazy,
            profile=profile,
            to=to,
            overwrite=overwrite,
        )
    files = _written(recording, folder, save=out is not None, plot=plot, page=page)
    files += [] if to is None else [to]
    if as_json:
        emit({"file": str(file), **summary_of(recording), "files": [str(path) for path in files]})
    else:
        _show(recording, files)
        if profile:
            print()
            print(recording.report())
    if recording.status == "interrupted":
        raise typer.Exit(INTERRUPTED)


def summary_of(recording: Recording) -> dict[str, Any]:
    """A recording as plain data, without its spikes and samples."""
    return {
        "status": recording.status,
        "reason": recording.reason,
        "t_start_ms": recording.t_start,
        "t_stop_ms": recording.t_stop,
        "populations": [_numbers(record) for record in recording.spikes.values()],
        "traces": [
            {
                "population": trace.population,
                "variable": trace.variable,
                "unit": trace.unit,
                "neurons": len(trace.ids),
                "samples": len(trace),
            }
            for variables in recording.traces.values()
            for trace in variables.values()
        ],
        "provenance": recording.provenance,
    }


def _numbers(record: SpikeRecord) -> dict[str, Any]:
    import numpy as np

    variation = record.cv()
    variation = variation[np.isfinite(variation)]
    return {
        "name": record.population,
        "neurons": record.size,
        "recorded": record.size if record.recorded is None else len(record.recorded),
        "spikes": len(record),
        "rate_hz": record.rate(),
        "cv_isi": float(variation.mean()) if variation.size else None,
    }


def _prepared(out: Path | None, plot: bool) -> Path:
    """Find out before the run, not after it, whether its results can be kept."""
    from ..errors import MissingExtraError

    if plot:
        try:
            import matplotlib.figure  # noqa: F401
        except ImportError as error:
            raise MissingExtraError("--plot", "plots") from error
    folder = Path() if out is None else out
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _record_something(network: Network) -> None:
    if network.probes or not network.populations:
        return
    say("nothing is recorded in this network; recording the spikes of all populations")
    for population in network.populations.values():
        network.record(population, "spikes")


def _written(
    recording: Recording, folder: Path, *, save: bool, plot: bool, page: bool
) -> list[Path]:
    files = []
    if save:
        recording.save(folder / RECORDING)
        files.append(folder / RECORDING)
    if plot:
        recording.plot().savefig(folder / FIGURE)
        files.append(folder / FIGURE)
    if page:
        files.append(recording.to_html(folder / PAGE))
    return files


def _show(recording: Recording, files: list[Path]) -> None:
    about = recording.provenance
    print(recording)
    print()
    factor = about.get("real_time_factor")
    pace = "" if factor is None else f" ({factor:.3g} s per simulated second)"
    threads = about.get("threads", 1)
    print(
        f"built in {about['build_time_s']:.2f} s, ran in {about['wall_time_s']:.2f} s{pace} "
        f"on {threads} thread{'s' * (threads != 1)}"
    )
    for path in files:
        print(f"wrote {one_line(path)}")
