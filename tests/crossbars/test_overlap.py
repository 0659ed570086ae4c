"""Plasticity by overlapping waveforms, integrated through devices."""

from __future__ import annotations

import numpy as np
import pytest

import spikestack as sp
from spikestack.crossbars import SpikeWaveform, overlap_window

DEVICE = sp.devices.VTEAM(v_on=-0.2, v_off=0.2, k_on=-0.01, k_off=0.01, alpha_on=1.0, alpha_off=1.0)
TAU = 20e-9


def test_window_has_signs_and_width() -> None:
    """Source first raises, target first lowers; 1/e wide as the tail; nothing by one alone."""
    wave = SpikeWaveform(spike=0.2, width=1e-9, tail=0.15, tau=TAU)
    delays = np.array([2, 5, 10, 20, 40, 60]) * 1e-9
    found = overlap_window(DEVICE, wave, np.concatenate([-delays, delays]))
    down, up = np.split(found.change, 2)
    assert (up > 0).all() and (down < 0).all()
    assert np.abs(found.alone).max() < 1e-9 * found.start
    # The spike stands exactly at the threshold: the gap's change follows the tail.
    gaps = 1 / (found.start + found.change) - 1 / found.start
    for part in np.split(gaps, 2):
        slope = np.polyfit(delays, np.log(np.abs(part)), 1)[0]
        assert -1 / slope == pytest.approx(TAU, rel=0.02)


def test_below_threshold_nothing_happens() -> None:
    """A linear tail that has ended leaves the other spike alone."""
    wave = SpikeWaveform(spike=0.15, width=1e-9, tail=0.15, tau=TAU, shape="linear")
    found = overlap_window(DEVICE, wave, [-30e-9, -25e-9, 5e-9, 25e-9, 30e-9])
    assert np.abs(found.change[[0, 1, 3, 4]]).max() < 1e-9 * found.start
    assert found.change[2] > 1e-4 * found.start


def test_figure(tmp_path: object) -> None:
    """A window draws itself."""
    pytest.importorskip("matplotlib")
    wave = SpikeWaveform(spike=0.2, width=1e-9, tail=0.15, tau=TAU)
    found = overlap_window(DEVICE, wave, np.linspace(-60e-9, 60e-9, 41))
    figure = found.plot()
    (ax,) = figure.axes
    drawn = ax.lines[-1].get_ydata()
    assert np.allclose(drawn, 100 * found.change / found.start)
    figure.savefig(f"{tmp_path}/window.png")


@pytest.mark.parametrize("wrong", [{"spike": -1}, {"tau": 0}, {"shape": "square"}])
def test_bad_waveforms(wrong: dict[str, object]) -> None:
    """Say which number."""
    given = {"spike": 0.2, "width": 1e-9, "tail": 0.1, "tau": 1e-8, **wrong}
    with pytest.raises(sp.errors.ValidationError, match=next(iter(wrong))):
        SpikeWaveform(**given)
