"""``spikestack crossbar FILE``: what a matrix, or a network, is worth on crossbars."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import MemoryLimitError, SpikestackError, UnknownNameError, ValidationError
from ..machine import available_memory
from ..sizes import human_bytes
from .options import Json
from .output import clean, console, emit, stdout_kept_for_json

if TYPE_CHECKING:
    from ..crossbars.tiles.array import CrossbarArray
    from ..devices.base import Device
    from ..devices.crossbar import Crossbar

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
    device: Annotated[
        str | None, _text("--device", "NAME[:SET]", "See 'devices'. By default PCM.")
    ] = None,
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

    FILE is a matrix, inputs x outputs, or a network, each of whose projections becomes crossbars:
    its own where it says realised_by and no --device is given, else the one of these options. A
    Python file is executed. Errors are those of products with inputs drawn evenly from -1 to 1.
    """
    from ..devices.crossbar import Crossbar

    _check_out(out)
    try:
        bar = Crossbar(
            device_from(device or "PCM"), encoding=encoding, slices=slices,
            bits_per_cell=bits_per_cell, scale=scale, rows=rows, columns=columns,
            r_word=r_wire, r_bit=r_wire,
            r_access=r_access, dac_bits=dac_bits, adc_bits=adc_bits, adaptive_adc=adaptive_adc,
            output_noise=output_noise, v_read=v_read, t_read=t_read, programming=programming,
            stuck_low=stuck / 2, stuck_high=stuck / 2, age=age, seed=seed,
        )  # fmt: skip
    except SpikestackError as error:
        raise typer.BadParameter(str(error)) from None
    with stdout_kept_for_json(as_json):
        made = _arrays(file, array, bar, device is not None)
        if out is not None:
            _write(out, made, str(file))
    if as_json:
        emit({"file": str(file), "arrays": [_plain(one, adc) for one in made],
              "out": None if out is None else str(out)})  # fmt: skip
        return
    for number, one in enumerate(made):
        print(("\n" if number else "") + clean(str(one.report(adc=adc))))
    if out is not None:
        console().print(clean(f"wrote {out}"), soft_wrap=True)


def device_from(text: str) -> Device:
    """A device by its name, ``NAME:SET`` with one of its parameter sets, or ``window/NAME``.

    Raises
    ------
    UnknownNameError
        If there is no device, no set, or no window of that name.
    """
    from ..devices import device_named, device_of

    name, _, chosen = text.partition(":")
    return device_named(name).preset(chosen) if chosen else device_of(name)


def _arrays(file: Path, chosen: str | None, bar: Crossbar, only: bool) -> list[CrossbarArray]:
    """The matrix of a file on crossbars, or the projections of a network.

    Parameters
    ----------
    chosen
        Array of an ``.npz``, or projection.
    bar
        Of what the crossbars are.
    only
        Whether also where a projection describes its own.
    """
    from ..crossbars import CrossbarArray
    from .matrices import SUFFIXES, read_matrix

    if file.suffix.lower() in SUFFIXES:
        return [CrossbarArray(read_matrix(file, chosen), bar)]
    from .sources import load_network

    network = load_network(file)
    names = [n for n, p in network.projections.items() if _has_weights(p)]
    if chosen is not None:
        if chosen not in names:
            raise UnknownNameError("--array, projection", chosen, names)
        names = [chosen]
    if not names:
        raise ValidationError(f"{str(file)!r}", "has no projections", "at least one with weights")
    return [_array_behind(network, name, bar, only) for name in names]


def _has_weights(projection: Any) -> bool:
    from ..network.rules import Pooling

    return not (projection.synapse.continuous or isinstance(projection.rule, Pooling))


def _array_behind(network: Any, name: str, bar: Crossbar, only: bool) -> CrossbarArray:
    """A projection on crossbars: a kernel as the matrix that slides, others whole.

    Weights are in the unit of the synapse; those of several synapses between the same two neurons
    are summed, where the projection does not describe a crossbar.
    """
    import numpy as np

    from ..crossbars import CrossbarArray, array_of
    from ..crossbars.realising import listed
    from ..network.rules import Convolution, TransposedConvolution

    projection = network.projections[name]
    own = None if only else projection.realised_by
    if own is not None or isinstance(projection.rule, Convolution | TransposedConvolution):
        return array_of(replace(projection, realised_by=own or bar))
    size = projection.pre.size * projection.post.size
    if 16 * size > (free := available_memory()):
        raise MemoryLimitError(
            f"projection {name!r} as a matrix needs about {human_bytes(16 * size)}, "
            f"{human_bytes(free)} are available; choose another with --array"
        )
    edges = listed(projection, 0.1)
    weights = np.zeros((projection.pre.size, projection.post.size))
    np.add.at(weights, (edges.pre, edges.post), edges.weights)
    return CrossbarArray(weights, bar, name=name)


def _plain(array: CrossbarArray, adc: str) -> dict[str, Any]:
    import numpy as np

    errors, costs = array.errors(), array.costs(adc=adc)
    drops = np.concatenate([tile.drop().ravel() for tile in array.tiles])
    return {
        "name": array.name, "device": array.crossbar.device.label,
        "inputs": array.shape[0], "outputs": array.shape[1],
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
