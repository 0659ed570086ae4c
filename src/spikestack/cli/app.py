"""The command itself: its group of commands, and what becomes of errors."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from inspect import getdoc
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ..errors import SpikestackError
from ..version import __version__
from .catalogue import describe, models
from .chips import chips, map_
from .comparing import compare
from .crossbar import crossbar
from .demonstrating import demo
from .devices import devices
from .event_files import convert, cut, info, view
from .inspecting import inspect
from .measuring import cpu
from .measuring_neurobench import neurobench
from .measuring_training import train
from .output import one_line, say
from .planning import plan
from .running import run
from .translating import translate
from .zoo import get, list_
from .zoo import run as run_of_zoo

__all__ = ["app", "main"]

INTERRUPTED = 130


class Commands(TyperGroup):
    """The group of commands; turns what was expected to go wrong into one line and a code."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of the commands in the order of their registration."""
        return list(self.commands)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; Ctrl-C outside of a simulation ends it with a line and code 130."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            say("interrupted; nothing was kept")
            raise typer.Exit(INTERRUPTED) from None

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run with these arguments; exits unless `standalone_mode` is False."""
        try:
            code = super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
            code = code or 0
        except Exception as error:
            code = _report(error)
            if code is None:
                raise
        if standalone_mode:
            sys.exit(code)
        return code


def _report(error: Exception) -> int | None:
    """Print an expected error as one line; return the exit code, or None for a fault of ours."""
    if hasattr(error, "format_message"):
        command = getattr(getattr(error, "ctx", None), "command_path", "spikestack")
        say(f"error: {one_line(error.format_message())} (see '{command} --help')")
        return int(getattr(error, "exit_code", 2))
    if isinstance(error, OSError) and error.strerror and not isinstance(error, SpikestackError):
        place = f"{str(error.filename)!r}: " if error.filename is not None else ""
        say(f"error: {place}{one_line(error.strerror)}")
        return 1
    if isinstance(error, SpikestackError | OSError):
        say(f"error: {one_line(error)}")
        return 1
    if isinstance(error, MemoryError):
        say("error: out of memory")
        return 1
    if isinstance(error, typer.Abort):
        say("interrupted; nothing was kept")
        return INTERRUPTED
    return None


app = typer.Typer(
    name="spikestack",
    cls=Commands,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
    epilog="Exit codes: 0 done, 1 an error in a file or network, 2 wrong usage, 130 Ctrl-C. "
    "Every command takes --json.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"spikestack {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _spikestack(
    ctx: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Spiking neural networks: describe once, run everywhere."""
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


def _help_of(command: Callable[..., None]) -> str:
    """The docstring with its paragraphs unwrapped, for terminals of any width."""
    paragraphs = (getdoc(command) or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


for _command in (
    run, inspect, compare, models, describe, chips, map_, plan, devices,
    crossbar, translate, demo,
):  # fmt: skip
    app.command(_command.__name__.rstrip("_"), help=_help_of(_command))(_command)

bench = typer.Typer()
app.add_typer(bench, name="bench", help="Measure simulation and training on this machine.")
for _bench_of in (cpu, train, neurobench):
    bench.command(_bench_of.__name__, help=_help_of(_bench_of))(_bench_of)


@bench.callback(invoke_without_command=True)
def _bench(ctx: typer.Context) -> None:
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


events = typer.Typer()
app.add_typer(events, name="events", help="Look into, convert, cut and draw files of events.")
for _of_events in (info, convert, cut, view):
    events.command(_of_events.__name__, help=_help_of(_of_events))(_of_events)


@events.callback(invoke_without_command=True)
def _events(ctx: typer.Context) -> None:
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


zoo = typer.Typer()
app.add_typer(zoo, name="zoo", help="Trained networks that come with the package.")
for _name, _of_zoo in (("list", list_), ("get", get), ("run", run_of_zoo)):
    zoo.command(_name, help=_help_of(_of_zoo))(_of_zoo)


@zoo.callback(invoke_without_command=True)
def _zoo(ctx: typer.Context) -> None:
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


def main() -> None:
    """Run the command with the arguments of the process, and exit."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    app(prog_name="spikestack")
