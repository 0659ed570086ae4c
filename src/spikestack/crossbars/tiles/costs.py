"""Energy, time and area of a product, and of programming, by component.

Cells never stand alone: converters, drivers and buffers are in every sum, but for exact ones, which
nothing real is. What has no published figure here is named in `UNPRICED`, and left out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...devices.crossbar import Crossbar
from .prices import PARTS, SIDES, Grade, adc_named

if TYPE_CHECKING:
    from .array import CrossbarArray
    from .tile import Tile

__all__ = ["UNPRICED", "Cost", "Costs", "WriteCosts", "costs_of", "write_costs_of"]

UNPRICED = ("transimpedance amplifiers", "sample and hold", "row and column control")
#: Bits of inputs and outputs in buffers where converters are exact.
_BITS = 8


@dataclass(frozen=True)
class Cost:
    """One component: what it does in a product of one vector, and how much of it there is.

    Attributes
    ----------
    name
        Of the component.
    count
        Of its operations in a product.
    energy
        Of all of them, in J.
    units
        How many there are.
    area
        Of all of them, in m2.
    grade, source
        Of the least certain of its figures.
    """

    name: str
    count: float
    energy: float
    units: float
    area: float
    grade: Grade
    source: str


@dataclass(frozen=True)
class Costs:
    """What a product of one vector costs.

    Attributes
    ----------
    parts
        By component.
    seconds
        From inputs to outputs, tiles side by side: reading, then a tile's converters in turn; only
        the reading where converters have no published rate.
    operations
        Multiplications with additions.
    """

    parts: tuple[Cost, ...]
    seconds: float
    operations: int

    @property
    def energy(self) -> float:
        """All of it, in J."""
        return sum(part.energy for part in self.parts)

    @property
    def area(self) -> float:
        """All of it, in m2."""
        return sum(part.area for part in self.parts)

    @property
    def per_operation(self) -> float:
        """Energy of one multiplication and addition, in J."""
        return self.energy / self.operations

    @property
    def dominant(self) -> str:
        """The component that takes most of the energy."""
        return max(self.parts, key=lambda part: part.energy).name

    def part(self, name: str) -> Cost:
        """The component of that name; KeyError if there is none."""
        return {part.name: part for part in self.parts}[name]


def costs_of(array: CrossbarArray, inputs: Any = None, adc: str = "ISAAC") -> Costs:
    """Price the product of one vector.

    Parameters
    ----------
    array
        Of what the product is.
    inputs
        float[vectors, inputs] over which the energy of the cells is averaged; by default vectors
        whose elements lie evenly from -1 to 1: a mean square of 1/3.
    adc
        Whose converters: a name of `ADCS`.

    Raises
    ------
    UnknownNameError
        If no converters have that name.
    """
    design = adc_named(adc)
    crossbar, (n_in, n_out) = array.crossbar, array.shape
    across = len({tile.outputs.start for tile in array.tiles})
    down = len({tile.rows.start for tile in array.tiles})
    conversions = down * n_out * crossbar.slices
    parts = [_cells(array, inputs)]
    if crossbar.dac_bits:
        drivers = _part("DAC", n_in * across, "DAC energy", n_in * across, "DAC area")
        if crossbar.dac_bits != 8:
            said = f"{drivers.source}; of 8 bits, taken as it is for {crossbar.dac_bits}"
            drivers = replace(drivers, grade=Grade.ESTIMATE, source=said)
        parts.append(drivers)
    if array.adc_bits:
        parts.append(_adc(array, design))
    adcs = sum(_adcs(tile) for tile in array.tiles)
    parts.append(
        _part("shift and add", conversions, "shift and add energy", adcs, "shift and add area")
    )
    parts.append(_part("scale of outputs", n_out * down, "multiply energy"))
    bits_in, bits_out = crossbar.dac_bits or _BITS, max(array.adc_bits, default=0) or _BITS
    # Each input is read once for every column of tiles, each output written once.
    moved = n_in * across * bits_in + n_out * bits_out
    held = n_in * bits_in + n_out * bits_out
    parts.append(_part("buffers", moved, "buffer energy", held, "buffer area"))
    parts.append(_part("bus", moved, "bus energy"))
    turns = max(_turns(tile) for tile in array.tiles)
    wait = turns / design.rate.value if array.adc_bits and design.rate is not None else 0.0
    return Costs(tuple(parts), crossbar.t_read + wait, n_in * n_out)


def _part(name: str, count: float, energy: str, units: float = 0, area: str = "") -> Cost:
    price = PARTS[energy]
    size = PARTS[area].value if area else 0.0
    return Cost(
        name, count, count * price.value, units, units * size, price.grade, price.source
    )  # fmt: skip


def _turns(tile: Tile) -> int:
    """Conversions that one converter makes in a product."""
    return min(tile.crossbar.columns_per_adc, len(tile.scale) * tile.crossbar.slices)


def _adcs(tile: Tile) -> int:
    return -(-len(tile.scale) * tile.crossbar.slices // tile.crossbar.columns_per_adc)


def _adc(array: CrossbarArray, design: Any) -> Cost:
    """Converters of outputs: of the most bits that any slice has, each conversion with its own."""
    prices = [design.energy_of(bits) for bits in array.adc_bits]
    down = len({tile.rows.start for tile in array.tiles})
    each = down * array.shape[1]
    area = design.area_of(max(array.adc_bits))
    units = sum(_adcs(tile) for tile in array.tiles)
    least = max((*prices, area), key=lambda price: list(Grade).index(price.grade))
    energy = sum(each * price.value for price in prices)
    return Cost("ADC", each * len(prices), energy, units, units * area.value, least.grade,
                f"{design.title}: {least.source}")  # fmt: skip


def _cells(array: CrossbarArray, inputs: Any) -> Cost:
    """Cells: ``V^2 G t``, by the voltage at the driver and the current that arrives."""
    crossbar = array.crossbar
    square: Any = np.full(array.shape[0], 1.0 / 3.0)
    if inputs is not None:
        x, bound = array._checked(inputs)
        part = np.divide(x, bound[:, None], out=np.zeros_like(x), where=bound[:, None] > 0)
        square = np.mean(np.clip(part, -1.0, 1.0) ** 2, axis=0, dtype=np.float64)
    energy, count = 0.0, 0
    for tile in array.tiles:
        seen = tile.seen()
        energy += float(square[tile.rows] @ seen.sum(axis=1)) * crossbar.v_read**2 * crossbar.t_read
        count += seen.size
    return Cost(
        "cells", count, energy, count, count * _cell_area(crossbar), Grade.DERIVED,
        "V^2 G t; area by MLP NeuroSim 3.0, Cell.cpp: 4F x 4F with a transistor, else 2F x 2F, "
        f"F {PARTS['feature'].value * 1e9:g} nm ({PARTS['feature'].source})",
    )  # fmt: skip


def _cell_area(crossbar: Crossbar) -> float:
    return float((SIDES[crossbar.access] * PARTS["feature"].value) ** 2)


@dataclass(frozen=True)
class WriteCosts:
    """What programming an array took so far, in J.

    Attributes
    ----------
    pulses
        Sent to all cells.
    cells
        In the cells that were written.
    half_selected
        In the cells that share their lines, at half the voltage; 0 with access transistors.
    lines
        To charge a word and a bit line for each pulse.
    """

    pulses: int
    cells: float
    half_selected: float
    lines: float

    @property
    def energy(self) -> float:
        """All of it."""
        return self.cells + self.half_selected + self.lines

    @property
    def per_pulse(self) -> float:
        """All of it, over the pulses; 0 where none were sent."""
        return self.energy / self.pulses if self.pulses else 0.0


def write_costs_of(array: CrossbarArray) -> WriteCosts:
    """Price the pulses that the cells of an array received since it was made.

    Half-selected cells are those of a V/2 scheme: the other cells of row and column, at their
    present conductances, each at half the mean of the voltages of setting and resetting. A
    selector's share of that voltage is not counted: with one, this is an upper bound.
    """
    crossbar = array.crossbar
    volts = 0.5 * (abs(crossbar.device.set_voltage) + abs(crossbar.device.reset_voltage))
    width = crossbar.device.pulse_width
    pitch = SIDES[crossbar.access] * PARTS["feature"].value
    pulses, cells, half, lines = 0, 0.0, 0.0, 0.0
    for tile in array.tiles:
        sent = tile.cells.pulses
        count, g = int(sent.sum()), tile.cells.conductance()
        pulses, cells = pulses + count, cells + float(tile.cells.energy)
        length = (g.shape[0] + g.shape[1]) * pitch
        lines += count * PARTS["line capacitance"].value * length * volts**2
        if crossbar.access != "1T1R":
            others = g.sum(0)[None, :] + g.sum(1)[:, None] - 2 * g
            half += float((sent * others).sum()) * (volts / 2) ** 2 * width
    return WriteCosts(pulses, cells, half, lines)
