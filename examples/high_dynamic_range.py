"""120 dB of light before an event camera, and before one that takes frames.

Light rises from 0.1 lux on the left to 100,000 lux on the right, a factor of a million, and a
grating of equal contrast drifts through all of it. Where is its contrast seen?

The event camera counts ON events of each pixel: in a period its signal rises by
log((1 + c)/(1 - c)), which is so many thresholds, rounded down, so that it sees a little less. The
frame camera has 8 bits, integrates for half a frame, and exposes for the geometric mean of the
light; its contrast is (max - min)/(max + min) of the grey values of a pixel. A contrast is seen
where it is within a fifth of the true one.

Then light triples suddenly. The event camera sees it when its first event comes, later where it
is dark because its photoreceptor is slower there; the other one when the first frame that differs
is complete. Data rates are those of the grating: 8 bytes an event, one byte a pixel and frame.

    python high_dynamic_range.py --out high_dynamic_range.png
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np

import spikestack as sp
from spikestack.recording.plot_style import COLORS, FAINT, dress, new_figure
from spikestack.sensors.dvs import DriftingGrating, Frames, Scene

WIDTH, HEIGHT = 346, 12
LUX = np.tile(np.logspace(-1, 5, WIDTH), (HEIGHT, 1))
CONTRAST, WAVELENGTH, SPEED = 0.4, 20.0, 10.0  # of the grating; pixels, pixels per second
PERIODS = 4
EDGE = 3.0  # how much brighter it gets behind the edge
PHASES = 24  # of the frame clock, over which latencies are averaged


def sensor(shot: float = 0.1) -> sp.V2E:
    """Logarithmic over the whole range; 300 Hz at 1,000 lux, and not below 2 Hz."""
    return sp.V2E(
        WIDTH, HEIGHT, threshold_on=0.1, threshold_off=0.1, mismatch=0.003, shot=shot, leak=0.1,
        full_scale=1000.0, linear_below=0, dark=1.7, seed=1,
    )  # fmt: skip


def frame_camera(scene: Scene, fps: float, start: float, frames: int) -> np.ndarray:
    """Grey values of 8 bits: (frames, height, width); exposure for the geometric mean at 100."""
    period = 1000.0 / fps
    full = np.exp(np.log(LUX).mean()) * 255.0 / 100.0
    moments = (np.arange(4) + 0.5) / 8  # of the first half of each frame
    grey = [
        np.mean([scene.intensity(start + (k + m) * period) for m in moments], axis=0) / full * 255
        for k in range(frames)
    ]
    return np.clip(np.rint(grey), 0, 255)


def contrasts() -> dict[str, Any]:
    """Contrast of the grating as each camera sees it, by column, and bytes per second."""
    scene = DriftingGrating(
        WIDTH, HEIGHT, wavelength=WAVELENGTH, speed=SPEED, contrast=CONTRAST, illumination=LUX
    )
    period = 1000.0 * WAVELENGTH / SPEED
    events = sensor().record(scene, 0, (1 + PERIODS) * period).between(period, 1e9)
    on = events.counts().reshape(2, HEIGHT, WIDTH)[1].mean(axis=0) / PERIODS
    seen = {"events": np.tanh(on * 0.1 / 2)}
    bytes_per_s = {"events": 8 * len(events) / (PERIODS * period * 1e-3)}
    for fps in (30.0, 60.0):
        grey = frame_camera(scene, fps, 0.0, round(PERIODS * period * fps / 1000))
        high, low = grey.max(axis=0), grey.min(axis=0)
        seen[f"{fps:.0f} frames/s"] = ((high - low) / np.maximum(high + low, 1)).mean(axis=0)
        bytes_per_s[f"{fps:.0f} frames/s"] = WIDTH * HEIGHT * fps
    return {"seen": seen, "bytes_per_s": bytes_per_s}


def latencies() -> dict[str, Any]:
    """ms from a sudden rise to its first event, or to the end of the first frame that shows it."""
    step = Frames(np.stack([LUX, LUX, LUX * EDGE, LUX * EDGE]), [0.0, 10.0, 10.001, 600.0])
    events = sensor(shot=0.0).record(step).between(10.0, 600.0)
    events = events[(events.p == 1) & (events.label == 0)]
    first = np.full((HEIGHT, WIDTH), np.nan)
    first[events.y[::-1], events.x[::-1]] = events.t[::-1] * 1e-3 - 10.0
    found = {"events": np.nanmedian(first, axis=0)}
    for fps in (30.0, 60.0):
        period, late = 1000.0 / fps, []
        for phase in (np.arange(PHASES) + 0.5) / PHASES:
            grey = frame_camera(step, fps, 10.0 - (1 + phase) * period, 4)
            differs = (grey != grey[0])[1:].any(axis=1)
            ends = (np.arange(1, 4) - phase - 0.5) * period
            late.append(np.where(differs.any(axis=0), ends[differs.argmax(axis=0)], np.nan))
        found[f"{fps:.0f} frames/s"] = np.mean(late, axis=0)
    return found


def decades(seen: np.ndarray) -> float:
    """Over how many decades of light the contrast is within a fifth of the true one."""
    return 6.0 * float(np.mean(abs(seen / CONTRAST - 1) < 0.2))


def draw(path: str, made: dict[str, Any], late: dict[str, Any]) -> None:
    """Contrast and latency against light."""
    figure = new_figure(7.2, 5.0)
    above, below = figure.subplots(2, 1, sharex=True)
    for color, style, name in zip(COLORS, ("-", "-", "--"), made["seen"]):
        above.plot(LUX[0], made["seen"][name], style, color=color, lw=1.4, label=name)
        # Stamps are whole microseconds.
        below.plot(LUX[0], np.maximum(late[name], 1e-3), style, color=color, lw=1.4)
    above.axhline(CONTRAST, color=FAINT, lw=0.8, ls=":")
    above.set(xscale="log", ylabel="contrast seen", ylim=(-0.02, 0.75))
    below.set(yscale="log", xlabel="light (lux)", ylabel="latency (ms)")
    above.legend(frameon=False, ncols=3, loc="upper center")
    for axes in (above, below):
        dress(axes)
    figure.savefig(path, dpi=150)


def main() -> None:
    """Measure, print one line for each camera, and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", help="where to draw the figure")
    asked = parser.parse_args()
    made, late = contrasts(), latencies()
    for name, seen in made["seen"].items():
        lit = late[name][np.isfinite(late[name])]
        row = {
            "camera": name,
            "decades_of_light_seen": round(decades(seen), 2),
            "dB": round(20 * decades(seen)),
            "latency_ms_median": round(float(np.median(lit)), 3),
            "latency_ms_from_dark_to_bright": [
                round(float(t), 3) if np.isfinite(t) else None for t in late[name][::69]
            ],
            "edge_seen_share": round(float(np.isfinite(late[name]).mean()), 3),
            "kilobytes_per_s": round(made["bytes_per_s"][name] / 1000, 1),
        }
        print(json.dumps(row))
    if asked.out:
        draw(asked.out, made, late)


if __name__ == "__main__":
    main()
