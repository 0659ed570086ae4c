"""Energy and area of products: by hand, and what must follow from what."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import spikestack as sp
from spikestack.crossbars.tiles.array import CrossbarArray
from spikestack.crossbars.tiles.costs import write_costs_of
from spikestack.crossbars.tiles.prices import ADCS, PARTS, Grade, Price, adc_named
from spikestack.errors import UnknownNameError, ValidationError

WEIGHTS = np.random.default_rng(2).uniform(-1, 1, (100, 40))


def array(weights: Any = WEIGHTS, **options: Any) -> CrossbarArray:
    """A matrix on tiles of 64 x 64 lines, 8 bits in and out."""
    given = {"rows": 64, "columns": 64, "dac_bits": 8, "adc_bits": 8} | options
    return CrossbarArray(weights, sp.Crossbar(sp.devices.Ideal(), **given))


def test_by_hand() -> None:
    """Two rows of two tiles: 200 inputs converted, 80 outputs, each of its own price."""
    made = array()
    found = made.costs()
    assert found.part("DAC").energy == pytest.approx(200 * 0.0375e-12)
    assert found.part("ADC").energy == pytest.approx(80 * 1.667e-12)
    assert found.part("ADC").units == 4 and found.part("ADC").area == pytest.approx(4 * 1200e-12)
    assert found.part("shift and add").count == 80
    moved = 200 * 8 + 40 * 8
    assert found.part("buffers").energy == pytest.approx(moved * 20.45e-12 / 256)
    assert found.operations == 4000
    assert found.seconds == pytest.approx(10e-9 + 32 / 1.2e9)
    cells = found.part("cells")
    assert cells.count == 100 * 80 and cells.area == pytest.approx(8000 * (4 * 32e-9) ** 2)
    g = sum(float(tile.cells.conductance().sum()) for tile in made.tiles)
    assert cells.energy == pytest.approx(g * 0.2**2 * 10e-9 / 3)
    assert found.dominant == "buffers"  # 153 pJ, where converters take 133
    assert array(slices=2, bits_per_cell=4).costs().dominant == "ADC"


def test_cells_by_the_inputs() -> None:
    """One driven row: V^2 G t of its cells alone. 0.2 V, 10 uS, 10 ns: 4 fJ."""
    device = sp.devices.Ideal(low=0.0, high=10e-6)
    bar = sp.Crossbar(device, rows=4, columns=4, v_read=0.2, t_read="10 ns")
    made = CrossbarArray(np.eye(2), bar)
    cells = made.costs([[1.0, 0.0]]).part("cells")
    assert cells.energy == pytest.approx(4e-15)
    assert made.costs([[0.0, 0.0]]).part("cells").energy == 0


@pytest.mark.parametrize("name", list(ADCS))
@pytest.mark.parametrize("bits", [2, 4, 8, 9, 12, 16])
def test_converters_of_any_bits(name: str, bits: int) -> None:
    """As published where they are; else scaled, and said to be an estimate."""
    design = adc_named(name)
    here, more = design.energy_of(bits), design.energy_of(bits + 1)
    assert 0 < here.value < more.value and design.area_of(bits).value > 0
    assert (here.grade == Grade.CODE) == (bits in design.energy)
    made = array(adc_bits=bits).costs(adc=name)
    assert made.part("ADC").energy == pytest.approx(80 * here.value)


def test_sharing_converters() -> None:
    """Fewer converters take longer and less area; the energy is that of the conversions."""
    few, many = array(columns_per_adc=32).costs(), array(columns_per_adc=4).costs()
    assert few.seconds > many.seconds
    assert few.part("ADC").units == 4 and many.part("ADC").units == 2 * (32 + 8) / 4
    assert few.energy == pytest.approx(many.energy)


def test_every_figure_has_a_source() -> None:
    """Numbers without one are refused."""
    for price in PARTS.values():
        assert price.source and price.grade in Grade
    with pytest.raises(ValidationError, match="source"):
        Price(1.0, "J", Grade.CODE, " ")
    with pytest.raises(ValidationError, match="finite"):
        Price(float("nan"), "J", Grade.CODE, "a source")
    with pytest.raises(UnknownNameError, match="ISAAC"):
        array().costs(adc="ISAC")


def test_writing() -> None:
    """One pulse into one cell of a passive array: itself, 5 neighbours at half the voltage."""
    device = sp.devices.Ideal(low=1e-6, high=10e-6)
    made = CrossbarArray(np.zeros((3, 2)), sp.Crossbar(device, access="passive", columns=4))
    assert write_costs_of(made).energy == 0 and write_costs_of(made).per_pulse == 0
    where = np.zeros((3, 4), bool)
    where[1, 1] = True
    made.tiles[0].cells.pulse(-1.0, where=where)
    found = write_costs_of(made)
    assert found.pulses == 1 and found.cells == pytest.approx(1.0**2 * 1e-6 * 1e-6)
    assert found.half_selected == pytest.approx(5 * 0.5**2 * 1e-6 * 1e-6)
    assert found.lines == pytest.approx(7 * 2 * 32e-9 * 0.2e-9)
    with_transistors = CrossbarArray(np.zeros((3, 2)), sp.Crossbar(device, columns=4))
    with_transistors.tiles[0].cells.pulse(-1.0, where=where)
    assert write_costs_of(with_transistors).half_selected == 0


def test_report() -> None:
    """Says what dominates, what is an estimate, and what is left out."""
    text = str(array().report())
    assert "most of it: buffers" in text and "nothing is priced of: transimpedance" in text
    assert "exact DAC" in str(array(dac_bits=0).report())
    assert "<table" in array().report()._repr_html_()
