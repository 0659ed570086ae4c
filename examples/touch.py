"""A finger touches raised dots: 235 afferents, what each kind says, and to what pitch each answers.

Nine pins come down on a square centimetre of fingertip, the middle one deepest; they rest, shake at
250 Hz for a while, and leave. Draws the spikes, the receptive field of one afferent of each kind,
and the least amplitude of vibration that makes each kind fire. Draws touch.png.

    python examples/touch.py [--out FIGURE.png]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from spikestack.recording.plot_style import COLORS, dress, new_figure
from spikestack.sensors.touch import KINDS, SkinPatch, receptive_field

RATE = 5000  # samples per second
DOTS = np.stack(np.meshgrid([-2.5, 0.0, 2.5], [-2.5, 0.0, 2.5]), axis=2).reshape(-1, 2)
TONES = np.geomspace(2.0, 800.0, 25)


def touch() -> np.ndarray:
    """Depths of nine pins in mm, one second: (samples, 9)."""
    t = np.arange(RATE) / RATE
    down = np.clip(np.minimum((t - 0.1) / 0.05, (0.85 - t) / 0.05), 0, 1)
    shake = 0.03 * np.sin(2 * np.pi * 250 * t) * ((t > 0.45) & (t < 0.65))
    deepest = np.where((DOTS == 0).all(axis=1), 1.0, 0.6)
    return (down * (1.0 + shake))[:, None] * deepest


def threshold(kind: str, hertz: float) -> float:
    """Least amplitude in um at which a pin, half a mm deep, makes an afferent below it fire."""
    t = np.arange(int(RATE * (0.6 + 2.0 / hertz))) / RATE
    wave = np.sin(2 * np.pi * hertz * t) * np.clip((t - 0.5) / 0.05, 0, 1)
    # One that rests on the skin would keep SA1 fibres firing: these are counted from 0 mm on.
    rest = 0.0 if kind == "SA1" else 0.5
    patch = SkinPatch([(0, 0)], position=[(0, 0)], kind=kind, spread=0.0, noise=False)
    low, high = 1e-5, 3.0
    for _ in range(14):
        middle = np.sqrt(low * high)
        low, high = (low, middle) if len(patch.feel(rest + middle * wave)) else (middle, high)
    return 1e3 * high if high < 2.9 else np.nan


def main() -> None:
    """Touch, print what was felt, and draw it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("touch.png"))
    figure = parser.parse_args().out
    patch, depth = SkinPatch(DOTS, 0.5, seed=1), touch()
    events = patch.feel(depth)
    counts = events.counts()
    print(json.dumps({k: int(counts[patch.kind == k].sum()) for k in KINDS}))

    made = new_figure(9.0, 6.2)
    grid = made.add_gridspec(2, 6, height_ratios=(1.5, 1))
    raster, tuning = made.add_subplot(grid[0, :4]), made.add_subplot(grid[0, 4:])
    for ax in (raster, tuning):
        dress(ax)
    for k, kind in enumerate(KINDS):
        mine = np.flatnonzero(patch.kind == kind)
        among = np.isin(events.unit, mine)
        raster.plot(events.t[among] / 1e3, events.unit[among], ".", ms=1.5, color=COLORS[k])
        raster.text(1010, mine.mean(), kind, color=COLORS[k], fontsize=8, va="center")
        least = [threshold(kind, tone) for tone in TONES]
        tuning.plot(TONES, least, "-", color=COLORS[k], label=kind)
    raster.plot(np.arange(RATE) / 5, -45 + 35 * depth[:, 4], color=COLORS[6], lw=0.9)
    raster.set(xlabel="time (ms)", ylabel="afferent", xlim=(0, 1000))
    raster.set_title("nine dots come, shake, and go", fontsize=9)
    raster.set_yticks(range(0, patch.units, 50))
    raster.set_ylim(-50, patch.units)
    tuning.set(xscale="log", yscale="log", xlabel="vibration (Hz)")
    tuning.set_title("threshold (\N{MICRO SIGN}m)", fontsize=9)
    tuning.legend(frameon=False, fontsize=7)
    for k, kind in enumerate(KINDS):
        ax = made.add_subplot(grid[1, 2 * k : 2 * k + 2])
        field = receptive_field(kind, depth[:, 4], extent=6.0)
        image = ax.imshow(field, extent=(-6, 6, -6, 6), origin="lower", cmap="viridis")
        dress(ax)
        ax.set(xlabel="mm")
        ax.set_title(f"{kind}: spikes by place", fontsize=9)
        made.colorbar(image, ax=ax, fraction=0.046, pad=0.04).ax.tick_params(labelsize=7)
    made.savefig(figure, dpi=120)


if __name__ == "__main__":
    main()
