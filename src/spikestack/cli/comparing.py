"""``spikestack compare``: where two recordings part, or one network on several chips."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from .chips import compare_on
from .options import Dt, Duration, File, Json
from .output import clean, emit, stdout_kept_for_json
from .sources import load_network

__all__ = ["compare"]


def compare(
    a: File,
    b: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", show_default=False, help="The other recording."),
    ] = None,
    network: Annotated[
        Path | None,
        typer.Option(
            "--network", metavar="FILE", help="The network of both, to explain the difference."
        ),
    ] = None,
    on: Annotated[
        str | None,
        typer.Option("--on", metavar="CHIPS", help="Of one network: 'all', or loihi,truenorth,..."),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option("--task", metavar="TASK", help="Answer its test samples; see 'zoo list'."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, metavar="N", help="Take only N samples.")
    ] = None,
    duration: Duration = 1000.0,
    dt: Dt = 1.0,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="PAGE", help="Of chips: write a page.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Find the first spike in which two recordings differ, or run one network on several chips.

    With --on the one FILE is a network: it is mapped to every chip, run, and priced; with --task it
    answers the test samples of a task of the zoo.

    Of two recordings also the first recorded sample, and what of the settings differs. With the
    network that made both, or one of them, the neuron is explained at that spike. The exit code is
    0 if they are equal and 1 if they differ.
    """
    if on is not None:
        if b is not None or network is not None:
            raise typer.BadParameter("--on compares chips with one network, and nothing else")
        compare_on(a, on, task, limit, duration, dt, report, as_json)
        return
    if b is None:
        raise typer.BadParameter("two recordings, or one network and --on CHIPS")
    from ..insight import compare as compared
    from ..recording import Recording

    recordings = (Recording.load(a), Recording.load(b))
    made_by = None
    if network is not None:
        with stdout_kept_for_json(as_json):
            made_by = load_network(network)
    found = compared(*recordings, networks=(made_by, made_by), explained=made_by is not None)
    if as_json:
        emit(asdict(found) | {"equal": found.equal})
    else:
        print(clean(str(found)))
    if not found.equal:
        raise typer.Exit(1)
