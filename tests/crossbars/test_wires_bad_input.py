"""What cannot be an array is refused by name, before anything is allocated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spikestack.crossbars import Wires, bias, effective, read_cell, solve
from spikestack.crossbars.circuit import checks
from spikestack.errors import MemoryLimitError, UnitError, UnknownNameError, ValidationError

GOOD = np.full((3, 4), 1e-4)


@pytest.mark.parametrize(
    "conductance, says",
    [
        (np.zeros((0, 4)), "shape"),
        (np.zeros((3, 0)), "shape"),
        (np.ones(4), "shape"),
        (np.ones((2, 2, 2)), "shape"),
        (-GOOD, "at least 0"),
        (GOOD * np.nan, "finite"),
        (GOOD * np.inf, "finite"),
        (GOOD * 1j, "a number in S"),
        ("much", "a number"),
        (None, "a number"),
        ([[1, 2], [3]], "a number"),
    ],
)
def test_conductances(conductance: Any, says: str) -> None:
    """Negative, none, not numbers."""
    with pytest.raises(ValidationError, match=says):
        Wires(conductance, 1.0, 1.0)


def test_one_bad_cell_is_named() -> None:
    """Where it is."""
    g = GOOD.copy()
    g[2, 1] = -1e-6
    with pytest.raises(ValidationError, match=r"conductance\[2, 1\].*-1e-06"):
        solve(g, np.ones(3), 1.0, 1.0)


@pytest.mark.parametrize(
    "options",
    [
        {"r_word": -1.0}, {"r_bit": np.nan}, {"r_word": np.inf}, {"r_access": -2}, {"r_bit": "1 V"},
        {"tolerance": 0.0}, {"tolerance": 2.0}, {"floating_words": [3]}, {"floating_bits": [-1]},
        {"floating_words": [0.5]}, {"r_word": np.ones(3)}, {"floating_bits": "all"},
    ],
    ids=str,
)  # fmt: skip
def test_options(options: dict[str, Any]) -> None:
    """Resistances, tolerances and lines that cannot be."""
    with pytest.raises(ValidationError):
        Wires(GOOD, **options)


@pytest.mark.parametrize(
    "volts", [np.ones(4), np.ones((2, 4)), [np.nan, 0, 0], np.ones((0, 3)), "1 A", None]
)
def test_voltages(volts: Any) -> None:
    """Of other shapes, not finite, of other units."""
    with pytest.raises(ValidationError):
        Wires(GOOD, 1.0, 1.0).solve(volts)


@pytest.mark.parametrize("conductance, ohms", [(1e-4, 1e20), (1e12, 1.0), (1e300, 1e300)])
def test_cells_that_are_shorts(conductance: float, ohms: float) -> None:
    """Where rounding would leave nothing of the currents."""
    for sides in ((ohms, 0.0), (0.0, ohms)):
        with pytest.raises(ValidationError, match="units"):
            Wires(np.full((3, 3), conductance), *sides)


def test_inputs_that_do_not_match() -> None:
    """Two inputs at words, three at bit lines."""
    with pytest.raises(ValidationError, match="inputs"):
        Wires(GOOD, 1.0, 1.0).solve(np.ones((2, 3)), np.zeros((3, 4)))


@pytest.mark.parametrize("r_word", [0.0, 1.0])
def test_singular(r_word: float) -> None:
    """Nodes that lead to no source."""
    with pytest.raises(ValidationError, match="word line 0 floats"):
        Wires(GOOD, r_word, 1.0, floating_words=range(3), floating_bits=range(4))
    g = GOOD.copy()
    g[:, 2] = 0.0
    with pytest.raises(ValidationError, match="bit line 2 floats"):
        Wires(g, r_word, 1.0, floating_bits=[2])
    # With a source, a line without cells carries nothing.
    assert Wires(g, r_word, 1.0).solve(np.ones(3)).currents[2] == 0.0


def test_cells_that_do_not_conduct() -> None:
    """All of them: no current and no loss."""
    found = solve(np.zeros((3, 4)), np.ones(3), 1.0, 1.0)
    assert not found.currents.any() and not found.loss.any()
    np.testing.assert_allclose(found.word_voltages, 1.0)


def test_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrays too large are refused with what they need."""
    monkeypatch.setattr(checks, "available_memory", lambda: 10**6)
    large = np.broadcast_to(1e-5, (1500, 1500))
    with pytest.raises(MemoryLimitError, match=r"1500 x 1500 cells.*1.0 MB are free.*tiles"):
        solve(large, np.ones(1500), 1.0, 1.0)
    with pytest.raises(MemoryLimitError, match="tiles"):
        effective(large, 1.0, 1.0, method="recursion")
    with pytest.raises(MemoryLimitError, match="tiles"):
        Wires(large, 0.0, 1.0, floating_words=[0]).solve(np.ones(1500))
    with pytest.raises(MemoryLimitError, match="nodes=False"):
        Wires(GOOD).solve(np.ones((300_000, 3)), nodes=True)


def test_selection() -> None:
    """Unknown schemes, cells outside."""
    with pytest.raises(UnknownNameError, match="V/2"):
        bias((3, 4), 0, 0, 1.0, "V/4")
    for row, column in ((3, 0), (0, 4), (-1, 0), (0.5, 0), (True, 0)):
        with pytest.raises(ValidationError):
            bias((3, 4), row, column, 1.0)  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="1T1R"):
        read_cell(GOOD, 0, 0, 1.0, access="2T")
    with pytest.raises(UnitError):
        bias((3, 4), 0, 0, "1 A")
    with pytest.raises(UnknownNameError, match="recursion"):
        effective(GOOD, 1.0, 1.0, method="magic")
