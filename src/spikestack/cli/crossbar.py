"""``spikestack crossbar FILE``: what a matrix, or a network, is worth on crossbars."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from ..errors import SpikestackError, ValidationError
from .matrices import SUFFIXES, read_matrix
from .options import Json
from .output import clean, console, emit, stdout_kept_for_json

if TYPE_CHECKING:
    from ..crossbars.tiles.array import CrossbarArray
    from ..devices.base import Device

__all__ = ["crossbar", "device_from"]

_Weights = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", show_default=False, help=".npy, .npz, .csv of weights, or a network."
    ),
]
_PICTURES = (".png", ".pdf", ".svg")


def _text(option: str, metavar: str, said: str) -> Any:
    return typer.Option(option, metavar=metavar, help=said)


def crossbar(
    file: _Weights,
    device: Annotated[str, _text("--device", "NAME[:SET]", "See 'devices'.")] = "PCM",
    encoding: Annotated[str, _text("--encoding", "E", "differential or offset.")] = "differential",
    slices: Annotated[int, _text("--slices", "N", "Cells that share a weight.")] = 1,
    bits_per_cell: Annotated[int, _text("--bits-per-cell", "B", "0: analog.")] = 0,
    scale: Annotated[str, _text("--scale", "OF", "array, tile or column.")] = "tile",
    rows: Annotated[int, _text("--rows", "N", "Word lines of a tile.")] = 256,
    columns: Annotated[int, _text("--columns", "N", "Bit lines of a tile.")] = 256,
    r_wire: Annotated[str, _text("--r-wire", "OHM", "Of a segment of either line.")] = "0",
    r_access: Annotated[str, _text("--r-access", "OHM", "Of the access transistor.")] = "0",
    dac_bits: Annotated[int, _text("--dac-bits", "B", "0: exact.")] = 8,
    adc_bits: Annotated[int, _text("--adc-bits", "B", "0: exact.")] = 8,
    adaptive_adc: Annotated[
        bool, typer.Option("--adaptive-adc", help="Fewer bits for lesser slices.")
    ] = False,
    output_noise: Annotated[float, _text("--output-noise", "X", "In currents of a cell.")] = 0.0,
    v_read: Annotated[str | None, _text("--v-read", "V", "That of the device.")] = None,
    t_read: Annotated[str, _text("--t-read", "T", "Of a reading.")] = "10 ns",
    programming: Annotated[
        str, _text("--programming", "P", "exact, statistics, write-verify.")
    ] = "statistics",
    stuck: Annotated[float, _text("--stuck", "SHARE", "Cells stuck, half at each end.")] = 0.0,
    age: Annotated[str, _text("--age", "T", "Since programming: '3600 s'.")] = "0",
    adc: Annotated[str, _text("--adc", "NAME", "Whose converters are priced.")] = "ISAAC",
    seed: Annotated[int, _text("--seed", "N", "Of all that is drawn.")] = 0,
    array: Annotated[
        str | None, _text("--array", "NAME", "Of an .npz; or a projection of a network.")
    ] = None,
    out: Annotated[
        Path | None, _text("--out", "PATH", "Write a page (.html) or a picture (.png).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Put weights on crossbars: tiles, error of the product, loss in wires, energy, area.

    FILE is a matrix, inputs x outputs, or a network, each of whose projections becomes crossbars. A
    Python file is executed. Errors are those of products with inputs drawn evenly from -1 to 1.
    """
    from ..crossbars import CrossbarArray
    from ..devices.crossbar import Crossbar

    _check_out(out)
    try:
        bar = Crossbar(
            device_from(device), encoding=encoding, slices=slices, bits_per_cell=bits_per_cell,
            scale=scale, rows=rows, columns=columns, r_word=r_wire, r_bit=r_wire,
            r_access=r_access, dac_bits=dac_bits, adc_bits=adc_bits, adaptive_adc=adaptive_adc,
            output_noise=output_noise, v_read=v_read, t_read=t_read, programming=programming,
            stuck_low=stuck / 2, stuck_high=stuck / 2, age=age, seed=seed,
        )  # fmt: skip
    except SpikestackError as error:
        raise typer.BadParameter(str(error)) from None
    with stdout_kept_for_json(as_json):
        matrices = _matrices(file, array)
        made = [CrossbarArray(m, bar, name=name) for name, m in matrices.items()]
        if out is not None:
            _write(out, made, str(file))
    if as_json:
        emit({"file": str(file), "device": bar.device.label,
              "arrays": [_plain(one, adc) for one in made],
              "out": None if out is None else str(out)})  # fmt: skip
        return
    for number, one in enumerate(made):
        print(("\n" if number else "") + clean(str(one.report(adc=adc))))
    if out is not None:
        console().print(clean(f"wrote {out}"), soft_wrap=True)


def device_from(text: str) -> Device:
    """A device by its name, or ``NAME:SET`` with one of its parameter sets.

    Raises
    ------
    UnknownNameError
        If there is no device, or no set, of that name.
    """
    from ..devices import device_named

    name, _, chosen = text.partition(":")
    kind = device_named(name)
    return kind.preset(chosen) if chosen else kind()


def _matrices(file: Path, chosen: str | None) -> dict[str, np.ndarray]:
    """Weights by name: of a file of one matrix, without a name."""
    if file.suffix.lower() in SUFFIXES:
        return {"": read_matrix(file, chosen)}
    from .sources import load_network

    network = load_network(file)
    names = [n for n, p in network.projections.items() if not p.synapse.continuous]
    if chosen is not None:
        if chosen not in names:
            from ..errors import UnknownNameError

            raise UnknownNameError("--array, projection", chosen, names)
        names = [chosen]
    if not names:
        raise ValidationError(f"{str(file)!r}", "has no projections", "at least one with weights")
    return {name: _weights_of(network, name) for name in names}


def _weights_of(network: Any, name: str) -> np.ndarray:
    """Weights of a projection as a matrix, sources by targets; of the unit of its weights."""
    from ..errors import MemoryLimitError
    from ..machine import available_memory
    from ..sizes import human_bytes

    projection = network.projections[name]
    size = projection.pre.population.size * projection.post.population.size
    if 16 * size > (free := available_memory()):
        raise MemoryLimitError(
            f"projection {name!r} as a matrix needs about {human_bytes(16 * size)}, "
            f"{human_bytes(free)} are available; choose another with --array"
        )
    found = network.connections(name).matrix().toarray()
    return np.asarray(found, np.float64)


def _plain(array: CrossbarArray, adc: str) -> dict[str, Any]:
    errors, costs = array.errors(), array.costs(adc=adc)
    drops = np.concatenate([tile.drop().ravel() for tile in array.tiles])
    return {
        "name": array.name, "inputs": array.shape[0], "outputs": array.shape[1],
        "tiles": [
            {"rows": [t.rows.start, t.rows.stop], "outputs": [t.outputs.start, t.outputs.stop],
             "lines": list(t.shape), "stuck": int(t.cells.stuck.sum())}
            for t in array.tiles
        ],
        "errors": errors.stages() | {"clipped": errors.clipped},
        "current_lost": {"mean": float(drops.mean()), "most": float(drops.max())},
        "energy": costs.energy, "area": costs.area, "seconds": costs.seconds,
        "per_operation": costs.per_operation, "dominant": costs.dominant,
        "components": [
            {"name": part.name, "operations": part.count, "energy": part.energy,
             "units": part.units, "area": part.area, "grade": str(part.grade),
             "source": part.source}
            for part in costs.parts
        ],
    }  # fmt: skip


def _check_out(out: Path | None) -> None:
    if out is None:
        return
    if out.suffix.lower() not in (".html", *_PICTURES):
        raise typer.BadParameter(f"--out {out.name!r}: a name that ends in .html, .png, .pdf, .svg")
    if not out.parent.is_dir():
        raise typer.BadParameter(f"--out: there is no folder {str(out.parent)!r}")


def _write(out: Path, made: list[CrossbarArray], title: str) -> None:
    """Write a page of all arrays, or a picture of the largest; whole or not at all."""
    from ..crossbars.showing.array_page import array_page, picture_of, write_whole

    if out.suffix.lower() == ".html":
        write_whole(out, array_page(made, title).encode())
    else:
        largest = max(made, key=lambda one: one.shape[0] * one.shape[1])
        write_whole(out, picture_of(largest, out.suffix.lower()[1:]))
