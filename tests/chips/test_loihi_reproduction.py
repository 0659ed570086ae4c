"""Published figures of Loihi, Pohoiki Springs and Hala Point, found again; a new class learned."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import spikestack as sp

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import chips_loihi
import chips_loihi_learning


@pytest.mark.parametrize("target", ["r4", "r5", "r8", "r13"])
def test_published_figures_are_found(target: str) -> None:
    found = getattr(chips_loihi, target)()
    assert found["ok"] is True, found


def test_keywords_take_what_was_measured() -> None:
    """R1: within a factor of two, of which events are a small part, and x86 cores the rest."""
    found = chips_loihi.r1(inferences=5)
    assert found["ok"], found
    assert 0 < found["events"] < 0.2 * found["found"]
    assert found["events"] + found["processors"] == found["found"]
    assert 0.05 < found["active"] < 0.2


def test_boxes_are_described() -> None:
    assert sp.chips.PohoikiSprings().chips == 768
    for chip in (sp.chips.PohoikiSprings(), sp.chips.HalaPoint(), sp.chips.Loihi2()):
        for name, figure in chip.figures().items():
            assert figure.source and figure.unit, name
        assert chip.name in chip.describe()


@pytest.mark.slow
def test_a_class_is_added_from_five_shots() -> None:
    """Most of the new class is named right; with one old sample of each, little is forgotten."""
    pytest.importorskip("sklearn")
    found = chips_loihi_learning.few_shots(shots=5, rehearsed=1)
    assert found["old classes before"] > 0.75
    assert found["new class"] > 0.5
    assert -0.05 <= found["forgotten"] < 0.15
    assert found["learning updates"] > 0
