"""``spikestack events``: what files of events hold, other formats, parts of them, pictures."""

from __future__ import annotations

import contextlib
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..sizes import human_bytes
from .options import Json, check_choice, moment
from .output import clean, console, emit, one_line, say, table

if TYPE_CHECKING:
    from ..sensors.files import EventFile

__all__ = ["convert", "cut", "info", "view"]

_PATIENCE = 1.0

Source = Annotated[
    Path, typer.Argument(metavar="FILE", show_default=False, help="A file of events.")
]
Target = Annotated[Path, typer.Argument(metavar="OUT", show_default=False, help="What to write.")]
Format = Annotated[
    str | None,
    typer.Option("--format", metavar="F", show_default=False, help="Of OUT; else by its ending."),
]
Order = Annotated[
    str | None,
    typer.Option(
        "--order",
        metavar="O",
        show_default=False,
        help="Of times that go back: clamp, sort, or file to refuse them; else the format's own.",
    ),
]
Start = Annotated[
    float | None,
    typer.Option(
        "--from", parser=moment, metavar="MS", show_default=False, help="From this time on."
    ),
]
Stop = Annotated[
    float | None,
    typer.Option("--to", parser=moment, metavar="MS", show_default=False, help="Before this time."),
]
_FOREVER = 9e15


def info(file: Source, as_json: Json = False) -> None:
    """Show what a file of events holds: format, sensor, number of events, times."""
    with _warnings_said():
        facts = _open(file).info()
    first, last = facts["first_us"], facts["last_us"]
    seconds = (last - first) / 1e6 if facts["events"] else 0.0
    facts["duration_s"] = seconds
    facts["events_per_s"] = (facts["events"] - 1) / seconds if seconds else None
    if as_json:
        emit(facts)
        return
    print(f"{one_line(facts['path'])}: {facts['format']}, {human_bytes(facts['bytes'])}")
    size = "not told by the file"
    if "width" in facts:
        size = f"{facts['width']}x{facts['height']} pixels"
    elif "units" in facts:
        size = f"{facts['units']:,} units"
    print(f"sensor: {size}")
    rate = f", {facts['events_per_s']:,.0f} per second" if facts["events_per_s"] else ""
    print(f"events: {facts['events']:,}{rate}")
    if facts["events"]:
        print(f"time: {first / 1e3:,.3f} to {last / 1e3:,.3f} ms, {seconds:,.6g} s")
    if facts["about"]:
        rows = [[name, one_line(value)] for name, value in facts["about"].items()]
        console().print(table(("header", "value"), rows))


def convert(
    file: Source,
    out: Target,
    format: Format = None,
    order: Order = None,
    as_json: Json = False,
) -> None:
    """Write the events of a file in another format.

    The format of FILE is found by its contents, that of OUT by its ending unless told. OUT is
    written whole or not at all, and replaced if it is there.
    """
    _check_format(format)
    with _warnings_said():
        source = _open(file, order)
        with _bar(f"reading {file.name}") as progress:
            events = source.read(progress)
        _write(out, events, format, source, as_json)


def cut(
    file: Source,
    out: Target,
    start: Start = None,
    stop: Stop = None,
    format: Format = None,
    as_json: Json = False,
) -> None:
    """Write a part of a file of events: those from a time on, before another.

    Times are those of the file, as 'events info' shows them, and stay what they are. What comes
    later is not read. OUT keeps the format of FILE if it has the same ending.
    """
    _check_format(format)
    begin, end = _span(start, stop)
    with _warnings_said():
        source = _open(file)
        if format is None and out.suffix == file.suffix:
            format = source.format.name
        _write(out, source.between(begin, end), format, source, as_json)


def view(
    file: Source,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="OUT",
            show_default="FILE.gif",
            help="A .gif, an .avi, or a .png of a few.",
        ),
    ] = None,
    fps: Annotated[
        float, typer.Option("--fps", min=0.01, max=10_000, metavar="N", help="Frames per second.")
    ] = 25.0,
    start: Start = None,
    stop: Stop = None,
    as_json: Json = False,
) -> None:
    """Draw the events of a camera: brighter pixels in blue, darker ones in orange.

    A GIF or AVI plays in the time of the recording, as far as viewers go along; a PNG shows up to
    twelve frames, evenly spaced. Each holds the events of 1/N seconds.
    """
    from .event_pictures import KINDS, picture

    target = file.with_suffix(".gif") if out is None else out
    if target.suffix.lower() not in KINDS:
        raise typer.BadParameter(f"--out: {str(target)!r} ends in neither of {', '.join(KINDS)}")
    with _warnings_said():
        source = _open(file, "clamp")
        with _bar(f"drawing {file.name}") as progress:
            frames = picture(source, target, fps, _span(start, stop), progress)
    _wrote({"path": str(target), "frames": frames}, f"{frames:,} frames", as_json)


def _open(path: Path, order: str | None = None) -> EventFile:
    from ..sensors.files import open_events
    from ..sensors.files.opening import ORDERS

    if order is not None:
        check_choice("--order", order, lambda: ORDERS)
    return open_events(path, order=order)


def _check_format(format: str | None) -> None:
    from ..sensors.files.opening import formats

    if format is not None:
        check_choice("--format", format, formats)


def _span(start: float | None, stop: float | None) -> tuple[float, float]:
    begin, end = start or 0.0, _FOREVER if stop is None else stop
    if begin >= end:
        raise typer.BadParameter(f"--from {begin:g} is not before --to {end:g}")
    return (-_FOREVER if start is None else begin), end


def _write(out: Path, events: Any, format: str | None, source: EventFile, as_json: bool) -> None:
    from ..sensors.files import write_events

    write_events(out, events, format)
    facts = {"path": str(out), "events": len(events), "out_of_order": source.out_of_order}
    back = f", {source.out_of_order:,} of them out of order" if source.out_of_order else ""
    _wrote(facts, f"{len(events):,} events{back}", as_json)


def _wrote(facts: dict[str, Any], what: str, as_json: bool) -> None:
    if as_json:
        emit(facts)
    else:
        print(f"wrote {clean(facts['path'])}: {what}")


@contextlib.contextmanager
def _warnings_said() -> Iterator[None]:
    """Print warnings as lines on stderr."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for warning in caught:
        say(f"warning: {one_line(warning.message)}")


@contextlib.contextmanager
def _bar(title: str) -> Iterator[Callable[[float], None]]:
    """A bar on the terminal, from the first second on; call it with the part that is done."""
    from rich.console import Console
    from rich.progress import Progress

    began = time.perf_counter()
    shown = Progress(console=Console(stderr=True), transient=True)
    task = shown.add_task(clean(title).replace("[", r"\["), total=1.0)

    def update(done: float) -> None:
        if sys.stderr.isatty() and time.perf_counter() - began > _PATIENCE:
            shown.start()
            shown.update(task, completed=done)

    try:
        yield update
    finally:
        if shown.live.is_started:
            shown.stop()
