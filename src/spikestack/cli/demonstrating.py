"""``spikestack demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import Json
from .output import emit, stdout_kept_for_json
from .parts import part

__all__ = ["demo"]


def demo(
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where the report goes.")
    ] = Path("demo-report"),
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Seed of all of it.")] = 1,
    reservoir: Annotated[
        bool, typer.Option("--reservoir", help="Another network: a reservoir, not trained.")
    ] = False,
    on: Annotated[
        str, typer.Option("--on", metavar="CHIPS", help="'all', or loihi,truenorth,...")
    ] = "all",
    as_json: Json = False,
) -> None:
    """Train a network on digits seen by an event camera, run it on chips, and write a report."""
    module = "spikestack.demo.reservoir" if reservoir else "spikestack.demo"
    settings = {} if reservoir else {"chips": on}
    with stdout_kept_for_json(as_json):
        result = part(module, "the demo", "demo").main(out=out, seed=seed, **settings)
    if as_json:
        emit(result)
