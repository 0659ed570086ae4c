"""The report of a matrix on crossbars: tiles, errors, loss in wires, energy and area."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...recording.report import Report, Section
from .costs import UNPRICED, write_costs_of

if TYPE_CHECKING:
    from .array import CrossbarArray

__all__ = ["percent", "prefixed", "report_of"]

_PREFIXES = ((1.0, ""), (1e-3, "m"), (1e-6, "u"), (1e-9, "n"), (1e-12, "p"), (1e-15, "f"))
_STAGES = {
    "levels": "levels of the cells", "cells": "+ cells as programmed", "wires": "+ wires, access",
    "converters": "+ converters", "noise": "+ noise of reading",
}  # fmt: skip


def prefixed(value: float, unit: str) -> str:
    """A quantity with a prefix: ``"1.67 pJ"``."""
    for size, prefix in _PREFIXES:
        if abs(value) >= size:
            return f"{value / size:.3g} {prefix}{unit}"
    return f"0 {unit}" if value == 0 else f"{value:.3g} {unit}"


def percent(share: float) -> str:
    """A share in per cent; what single precision alone leaves is not told apart from 0."""
    return f"{100 * share:.3g} %" if share > 1e-6 else "0 %"


def report_of(array: CrossbarArray, inputs: Any = None, adc: str = "ISAAC") -> Report:
    """See `CrossbarArray.report`."""
    costs = _costs(array, inputs, adc)
    return Report((_head(array), _errors(array, inputs), _drop(array), *costs))


def _head(array: CrossbarArray) -> Section:
    crossbar, tiles = array.crossbar, array.tiles
    rows, columns = max(t.shape[0] for t in tiles), max(t.shape[1] for t in tiles)
    cells = sum(t.shape[0] * t.shape[1] for t in tiles)
    stuck = sum(int(t.cells.stuck.sum()) for t in tiles)
    digits = "analog cells"
    if crossbar.bits_per_cell:
        digits = f"{crossbar.slices} x {crossbar.bits_per_cell} bits"
    device = crossbar.device
    window = f"{prefixed(device.g_min, 'S')} to {prefixed(device.g_max, 'S')}"
    facts = {
        "tiles": f"{len(tiles)} of up to {rows} x {columns} lines",
        "cells": f"{cells:,} {device.label}, {window}, {crossbar.access}",
        "weights": f"{crossbar.encoding}, {digits}, scaled by {crossbar.scale}",
        "converters": f"DAC {_bits(crossbar.dac_bits)}, ADC {_adc_bits(array)}",
        "reading": f"{prefixed(crossbar.v_read, 'V')}, {prefixed(crossbar.t_read, 's')}",
        "stuck cells": f"{stuck:,}",
    }
    first = f"Crossbars of {array.shape[0]:,} x {array.shape[1]:,} weights"
    if array.name:
        first += f", {array.name}"
    return Section((first,), ("what", ""), tuple(facts.items()), 2)


def _bits(bits: int) -> str:
    return f"{bits} bits" if bits else "exact"


def _adc_bits(array: CrossbarArray) -> str:
    return (
        ", ".join(map(str, dict.fromkeys(array.adc_bits))) + " bits" if array.adc_bits else "exact"
    )


def _errors(array: CrossbarArray, inputs: Any) -> Section:
    found = array.errors(inputs)
    rows = [(_STAGES[name], percent(value)) for name, value in found.stages().items()]
    rows.append(("outputs beyond their ADC", percent(found.clipped)))
    what = "inputs from -1 to 1" if inputs is None else "the inputs given"
    lines = (f"error of the product, root mean square over that of the exact one, {what}",)
    return Section(lines, ("stage", "error"), tuple(rows))


def _drop(array: CrossbarArray) -> Section:
    lost = [tile.drop() for tile in array.tiles]
    mean = float(np.mean(np.concatenate([one.ravel() for one in lost])))
    worst = max(float(one.max()) for one in lost)
    rows = (("mean", percent(mean)), ("worst line", percent(worst)))
    return Section((), ("current lost, all rows driven alike", ""), rows)


def _costs(array: CrossbarArray, inputs: Any, adc: str) -> tuple[Section, Section]:
    found = array.costs(inputs, adc)
    rows = [
        (part.name, f"{part.count:,.0f}", prefixed(part.energy, "J"),
         f"{100 * part.energy / found.energy:.1f} %",
         f"{part.area * 1e12:,.0f}" if part.area else "–", str(part.grade))
        for part in found.parts
    ]  # fmt: skip
    rows.append(("all", "", prefixed(found.energy, "J"), "", f"{found.area * 1e12:,.0f}", ""))
    each = prefixed(found.per_operation, "J")
    lines = [
        f"a product takes {prefixed(found.energy, 'J')} in {prefixed(found.seconds, 's')}, "
        f"{each} for each multiplication; most of it: {found.dominant}",
        f"nothing is priced of: {', '.join(UNPRICED + _exact(array))}",
    ]
    heads = ("component", "operations", "energy", "share", "area (um2)", "figures")
    written = write_costs_of(array)
    if written.pulses:
        done = (
            ("pulses", f"{written.pulses:,}"), ("in cells", prefixed(written.cells, "J")),
            ("half-selected", prefixed(written.half_selected, "J")),
            ("in lines", prefixed(written.lines, "J")),
            ("for each pulse", prefixed(written.per_pulse, "J")),
        )  # fmt: skip
        return Section(tuple(lines), heads, tuple(rows)), Section((), ("programming", ""), done)
    said = Section(("programmed without pulses: nothing is priced of that",))
    return Section(tuple(lines), heads, tuple(rows)), said


def _exact(array: CrossbarArray) -> tuple[str, ...]:
    """Converters that are exact, as nothing real is."""
    named = {"exact DAC": array.crossbar.dac_bits, "exact ADC": array.crossbar.adc_bits}
    return tuple(name for name, bits in named.items() if not bits)
