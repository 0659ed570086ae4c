"""``spikestack translate``: a network or a recording in another tool's form."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ValidationError
from .options import Json, check_choice, milliseconds
from .output import emit, one_line, say, stdout_kept_for_json
from .sources import kind_of, load_network

if TYPE_CHECKING:
    from ..network import Network
    from ..recording import Recording

__all__ = ["translate"]

#: Forms of networks and of recordings, with the endings that stand for them.
NETWORKS = {"nir": (".nir",), "sonata": (), "onnx": (".onnx",), "network": (".spk",)}
RECORDINGS = {
    "arrow": (),
    "nwb": (".nwb",),
    "text": (".csv", ".dat", ".gdf"),
    "recording": (".spk",),
}


def translate(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="FROM",
            show_default=False,
            help="A .nir file, a SONATA .json, a .py file, a saved network or recording.",
        ),
    ],
    target: Annotated[
        Path, typer.Argument(metavar="TO", show_default=False, help="What to write.")
    ],
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="FORM",
            show_default=False,
            help="nir, sonata, onnx, network; arrow, nwb, text, recording; by the ending of TO.",
        ),
    ] = None,
    dt: Annotated[
        float | None,
        typer.Option(
            "--dt",
            parser=milliseconds,
            metavar="MS",
            show_default=False,
            help="Time step, in ms, of forms that need one: NIR, ONNX.",
        ),
    ] = None,
    dialect: Annotated[
        str | None,
        typer.Option(
            "--dialect",
            metavar="TOOL",
            show_default=False,
            help="The tool that wrote a NIR file: snntorch, norse, ...",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a network or a recording in another tool's form.

    Networks: NIR, SONATA (a folder), ONNX (one step), or a file of our own. Recordings: Parquet (a
    folder), NWB, text. What a form cannot express is refused by name, and nothing is written. A
    Python file is executed, as by python itself, to see what it defines.
    """  # fmt: skip
    with stdout_kept_for_json(as_json):
        held, form = _read(source, dt, dialect)
        chosen = _chosen(target, to, NETWORKS if form != "recording" else RECORDINGS)
        _write(held, target, chosen, dt)
    facts = {"from": str(source), "was": form, "to": str(target), "form": chosen}
    emit(facts) if as_json else say(f"{one_line(target)}: written as {chosen}")


def _read(source: Path, dt: float | None, dialect: str | None) -> tuple[Any, str]:
    from .. import formats

    suffix = source.suffix.lower()
    if dialect is not None and suffix != ".nir":
        raise ValidationError("translate", "--dialect is for NIR files", f"got {source}")
    if suffix == ".nir":
        return formats.nir.read(source, dt=dt, dialect=dialect).network, "nir"
    if suffix == ".json":
        read = formats.sonata.read(source)
        return getattr(read, "network", read), "sonata"
    if kind_of(source) == "recording":
        from ..recording import Recording

        return Recording.load(source), "recording"
    return load_network(source), "network"


def _chosen(target: Path, to: str | None, forms: dict[str, tuple[str, ...]]) -> str:
    if to is not None:
        check_choice("--to", to, lambda: forms)
        return to
    suffix = target.suffix.lower()
    for form, endings in forms.items():
        if suffix in endings:
            return form
    raise ValidationError(
        "translate", f"the ending of {str(target)!r} stands for no form",
        f"endings are {', '.join(end for ends in forms.values() for end in ends)}",
        f"say --to {' or --to '.join(forms)}",
    )  # fmt: skip


def _write(held: Network | Recording, target: Path, form: str, dt: float | None) -> None:
    from .. import formats

    step = {} if dt is None else {"dt": dt}
    if form in ("network", "recording"):
        held.save(target)
    elif form in ("nir", "onnx"):
        getattr(formats, form).write(held, target, **step)
    else:
        getattr(formats, form).write(held, target)
