"""Two cochleas hear a gliding voice that comes from the left: events, and where it comes from.

A sound of many harmonics, 120 to 240 Hz, with a vowel's resonances, reaches the right ear 312
microseconds later, each ear with noise of its own. Gammatone filters, hair cells and neurons turn
it into events of 64 channels for either ear; pairs of spikes tell the delay, and the cascade
(CARFAC) hears the same voice. Draws cochlea.png.

    python examples/cochlea.py [--out FIGURE.png]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from spikestack.recording.plot_style import COLORS, INK, dress, new_figure
from spikestack.sensors.cochlea import CARFAC, Gammatone, interaural_delay
from spikestack.sensors.cochlea.ganglion import Ganglion

RATE, LATE = 16000, 5  # samples per second, samples by which the right ear is late
TICKS = (0.1, 0.3, 1.0, 3.0)  # kHz


def voice(seconds: float = 1.0) -> np.ndarray:
    """A glide of harmonics through two resonances, with some breath."""
    n = np.arange(int(seconds * RATE))
    pitch = np.linspace(120.0, 240.0, len(n))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    sound = np.zeros(len(n))
    for harmonic in range(1, 30):
        frequency = harmonic * pitch
        formants = np.exp(-(((frequency - 700) / 250) ** 2)) + np.exp(
            -(((frequency - 2200) / 400) ** 2)
        )
        sound += (0.05 + formants) * np.cos(harmonic * phase) * (frequency < 7000)
    sound += np.random.default_rng(1).normal(0, 0.05, len(n))
    return 0.1 * sound / np.abs(sound).max() * np.hanning(len(n))


def main() -> None:
    """Listen, print what was heard, and draw it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("cochlea.png"))
    figure = parser.parse_args().out
    sound = voice()
    ear = Gammatone(64, 80.0, 7000.0, RATE)
    cascade = CARFAC(low=80.0, high=7000.0, rate=RATE, ganglion=Ganglion(0.4))
    breath = np.random.default_rng(2).normal(0, 2e-3, (2, len(sound) - LATE))
    left, right = ear.hear(sound[LATE:] + breath[0]), ear.hear(sound[:-LATE] + breath[1])
    delay, centres, counts = interaural_delay(left, right)
    heard = cascade.hear(sound)
    result = {
        "events_left": len(left),
        "events_cascade": len(heard),
        "delay_us": round(delay, 1),
        "true_delay_us": LATE * 1e6 / RATE,
    }
    print(json.dumps(result))

    made = new_figure(9.5, 6.0)
    axes = made.subplots(2, 2, width_ratios=(2.2, 1))
    rows = ((ear, left, "gammatone filters, left ear"), (cascade, heard, "cascade (CARFAC)"))
    for (hearing, events, title), (raster, _) in zip(rows, axes):
        kilohertz = hearing.frequencies / 1e3
        raster.plot(events.t / 1e3, kilohertz[events.unit], ".", ms=1.2, color=COLORS[0])
        raster.set(yscale="log", ylabel="channel (kHz)", title=title, xlim=(0, 1000))
        raster.set_yticks(TICKS, [f"{tick:g}" for tick in TICKS])
        raster.minorticks_off()
        raster.set_ylim(0.08, 8)
    axes[1, 0].set_xlabel("time (ms)")
    axes[0, 1].bar(centres, counts, width=10, color=COLORS[2])
    axes[0, 1].axvline(result["true_delay_us"], color=INK, ls="--", lw=1)
    axes[0, 1].set(xlabel="right ear later by (\N{MICRO SIGN}s)", ylabel="pairs", title="two ears")
    axes[1, 1].plot(heard.counts(), kilohertz, color=COLORS[1])
    axes[1, 1].set(yscale="log", xlabel="spikes in 1 s", ylim=axes[1, 0].get_ylim())
    axes[1, 1].set_yticks(TICKS, [f"{tick:g}" for tick in TICKS])
    axes[1, 1].minorticks_off()
    for each in axes.flat:
        dress(each)
    made.savefig(figure, dpi=120)


if __name__ == "__main__":
    main()
