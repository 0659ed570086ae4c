"""``spikestack compare``: where two recordings part."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from .options import File, Json
from .output import clean, emit, stdout_kept_for_json
from .sources import load_network

__all__ = ["compare"]


def compare(
    a: File,
    b: File,
    network: Annotated[
        Path | None,
        typer.Option(
            "--network", metavar="FILE", help="The network of both, to explain the difference."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Find the first spike in which two recordings differ.

    Also the first recorded sample, and what of the settings differs. With the network that made
    both, or one of them, the neuron is explained at that spike. The exit code is 0 if they are
    equal and 1 if they differ.
    """
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
