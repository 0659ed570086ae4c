"""The ring example remembers what it was shown."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

FILE = Path(__file__).resolve().parents[1] / "examples" / "ring_attractor.py"


@pytest.mark.parametrize("cue", [60.0, 350.0])
def test_the_bump_stays(cue: float) -> None:
    """Half a second after the cue the ring still points there, also across the border."""
    names = runpy.run_path(str(FILE))
    net = names["network"](cue)
    found = names["direction"](net, net.run(700.0), 600.0, 700.0)
    assert abs((found - cue + 180) % 360 - 180) < 30
