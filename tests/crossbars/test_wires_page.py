"""The page about wires prints what it says."""

from __future__ import annotations

from pathlib import Path

from spikestack.docs.running import run_page

PAGE = Path(__file__).resolve().parents[2] / "docs" / "crossbars_wires.md"


def test_page() -> None:
    """From top to bottom."""
    outcome = run_page(PAGE)
    assert not outcome.differences, "\n".join(outcome.differences)
