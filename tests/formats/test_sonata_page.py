"""The page on SONATA does what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from spikestack.docs.running import missing, run_page

PAGE = Path(__file__).resolve().parents[2] / "docs" / "sonata.md"


def test_page() -> None:
    """From top to bottom in an empty folder."""
    if package := missing(PAGE.read_text()):
        pytest.skip(f"{package} is not installed")
    outcome = run_page(PAGE)
    assert not outcome.differences, "\n".join(outcome.differences)
