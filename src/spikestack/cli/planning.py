"""``spikestack plan``: how large a system a network needs."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import Json, check_choice
from .output import clean, console, emit, table

__all__ = ["plan"]


def plan(
    like: Annotated[
        str, typer.Argument(metavar="[LIKE]", show_default=True, help="brain or microcircuit.")
    ] = "brain",
    on: Annotated[
        str, typer.Option("--on", metavar="SYSTEM", help="A name that the table shows, or all.")
    ] = "all",
    neurons: Annotated[
        float | None, typer.Option("--neurons", metavar="N", help="Instead of those of LIKE.")
    ] = None,
    synapses: Annotated[
        float | None, typer.Option("--synapses", metavar="N", help="Instead of those of LIKE.")
    ] = None,
    rate: Annotated[
        float | None, typer.Option("--rate", metavar="HZ", help="Mean rate, instead of LIKE's.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Size a system of many chips: chips, boards, power, speed.

    Power is by the scope that is shown, and never adds up with another; all scopes, with sources,
    are shown for a single system.
    """
    from ..chips import planning

    check_choice("LIKE", like, lambda: planning.WORKLOADS)
    given = planning.workload(like)
    n, m, hz = (
        old if new is None else new
        for old, new in zip(given, (neurons, synapses, rate), strict=True)
    )
    names = list(planning.SYSTEMS) if on == "all" else [planning.named(on)]
    plans = [planning.plan(n, m, hz, on=name) for name in names]
    if as_json:
        emit([p.plain() for p in plans])
        return
    page = console()
    if len(plans) == 1:
        page.print(clean(str(plans[0])), soft_wrap=True)
        return
    page.print(f"{n:,.0f} neurons, {m:,.0f} synapses, {hz:g} Hz")
    heads, *cells = planning.plan_cells(plans)
    page.print(table(heads, cells, right=("chips", "speed", "power", "an event")))
    page.print(
        "all but the first column by figures of the grade that is named; --on NAME has sources"
    )
