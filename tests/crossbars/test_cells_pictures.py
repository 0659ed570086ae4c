"""Pictures of pulses, switching and drift hold what was drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import spikestack as sp
from spikestack.errors import ValidationError

pytest.importorskip("matplotlib")


def test_updates_show_the_mean_of_the_cells() -> None:
    """Soft bounds without noise: the mean follows the closed form of both branches."""
    device = sp.devices.ExponentialPulses(levels_up=10, levels_down=10)
    figure = sp.crossbars.draw_updates(device, pulses=10, repeats=1, cells=5)
    mean = figure.axes[0].lines[-1].get_ydata()
    up = np.linspace(0.1, 5.0, 11)
    np.testing.assert_allclose(mean, [*up, *up[::-1][1:]], rtol=1e-9)


def test_switching_shows_when_cells_cross() -> None:
    """64 equal steps: every cell crosses the middle with the 33rd pulse, and ends afar."""
    figure = sp.crossbars.draw_switching(sp.devices.ExponentialPulses(), pulses=64, cells=20)
    for line in figure.axes[0].lines:
        shares = np.asarray(line.get_ydata())
        assert shares[31] == 0 and shares[33] == 1
    ends = [np.asarray(line.get_xdata()) for line in figure.axes[1].lines]
    np.testing.assert_allclose(ends[0], 5.0)
    np.testing.assert_allclose(ends[1], 0.1)


def test_drift_shows_medians_that_fall() -> None:
    """Phase-change memory at 25 uS: to 16.6 uS in a day, within sampling."""
    figure = sp.crossbars.draw_drift(sp.devices.PCM(), targets=(0.5, 1.0), cells=3000)
    course = np.asarray(figure.axes[1].lines[1].get_ydata())
    assert course[0] == pytest.approx(25 * (21 / 20) ** -0.049, abs=0.15)
    assert course[-1] == pytest.approx(16.58, abs=0.15)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("draw_updates", {"pulses": 0}), ("draw_updates", {"cells": 1.5}),
        ("draw_switching", {"pulses": True}), ("draw_drift", {"targets": (2.0,)}),
        ("draw_drift", {"targets": ()}), ("draw_drift", {"seconds": 0.5}),
        ("draw_drift", {"cells": 1}),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused(name: str, options: dict[str, Any]) -> None:
    """With the name of what is wrong."""
    device = sp.devices.PCM() if name == "draw_drift" else sp.devices.SoftBounds()
    with pytest.raises(ValidationError, match=next(iter(options))):
        getattr(sp.crossbars, name)(device, **options)
    with pytest.raises(ValidationError):
        sp.crossbars.draw_drift(sp.devices.SoftBounds())
    with pytest.raises(ValidationError, match="pulses"):
        sp.crossbars.draw_updates(sp.devices.PCM(), pulses=2, cells=2)
