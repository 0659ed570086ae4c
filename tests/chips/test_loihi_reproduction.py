"""Published figures of Loihi, Pohoiki Springs and Hala Point, found again; a new class learned."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spikestack as sp

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import chips_loihi
import chips_loihi_learning
import chips_speed

VECTORS = Path(__file__).parents[1] / "vectors" / "chips"


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


@pytest.mark.parametrize("row", json.loads((VECTORS / "sana_fe_runs.json").read_text()))
def test_a_run_counts_and_costs_what_it_does_in_sana_fe(row: dict[str, Any]) -> None:
    """The same network on the same cores, run there: every count equal, the same energy."""
    given = chips_speed.drawn(row["net"], fan=row["fan"], steps=row["steps"])
    given |= {"format": np.array(row["format"])}
    _, ours = chips_speed.run(given, chips_speed.mapped(given), 1)
    total, theirs = ours.ledger.totals(), row["counted"]
    assert total["driven updates"] == theirs["neurons_updated"]
    assert total["spikes"] == theirs["neurons_fired"]
    assert total["messages"] == theirs["packets_sent"]
    assert total[f"{row['format']} events"] == theirs["spikes"]
    dynamic = sum(ours.bill("fit").dynamic.values())
    assert dynamic == pytest.approx(row["energy"]["total"], rel=1e-12)
