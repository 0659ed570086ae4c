"""Spoken digits as those of Heidelberg are, and how a cascade of resonators turns itself down.

Three recorded digits pass the ear that made SHD: a membrane of 700 places, hair cells, fibres and
bushy cells. Below, the slow gain control of CARFAC while it hears the first of them, and how much
louder it becomes inside for a louder tone, with and without. Recordings do not come with Spikestack
(docs/datasets.md); without them this says where they go. Draws spoken_digits.png.

    python examples/spoken_digits.py [--data FOLDER] [--out FIGURE.png]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from spikestack.errors import ValidationError
from spikestack.recording.plot_style import COLORS, dress, new_figure
from spikestack.sensors import datasets
from spikestack.sensors.cochlea import CARFAC, Lauscher, shd_clip

RATE, DIGITS = 8000.0, (3, 7, 0)
TICKS = (0.1, 0.3, 1.0, 3.0)  # kHz


def damping(sound: np.ndarray, every: int = 8) -> tuple[CARFAC, np.ndarray]:
    """Gain control of each channel while an ear listens: (times, channels)."""
    ear = CARFAC(rate=RATE)
    levels = []
    for first in range(0, len(sound), every):
        ear.push(sound[first : first + every])
        levels.append(ear.control.levels[0].copy())
    return ear, np.array(levels)


def growth(setting: float | None) -> tuple[np.ndarray, np.ndarray]:
    """Decibels of a tone of 1 kHz, and of the vibration where it is greatest."""
    ear, level = CARFAC(damping=setting), np.arange(-80.0, 1.0, 10.0)
    tone = np.sin(2 * np.pi * 1000.0 * np.arange(4800) / 16000.0)
    moved = [np.abs(ear.vibration(10 ** (db / 20) * tone)[3200:]).max() for db in level]
    return level, 20 * np.log10(moved)


def main() -> None:
    """Listen, count, and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder of the recordings")
    parser.add_argument("--out", type=Path, default=Path("spoken_digits.png"))
    given = parser.parse_args()
    try:
        samples = datasets.spoken_digits("train", datasets.data_folder(given.data))
    except ValidationError as error:
        print(f"no recordings: {error}")
        return
    sounds: list[Any] = [samples[int(np.flatnonzero(samples.labels == d)[0])][0] for d in DIGITS]
    ear = Lauscher(rate=RATE, gain=1.0)
    heard = [ear.hear(shd_clip(sound)) for sound in sounds]
    print(json.dumps({f"spikes_of_{d}": len(events) for d, events in zip(DIGITS, heard)}))

    made = new_figure(10.5, 6.5)
    axes = made.subplots(2, 3)
    for digit, sound, events, raster in zip(DIGITS, sounds, heard, axes[0]):
        raster.plot(events.t / 1e3, events.unit, ".", ms=0.8, color=COLORS[0])
        raster.set(xlim=(0, len(sound) / RATE * 1e3), ylim=(0, 700), xlabel="time (ms)")
        raster.set_title(f"a spoken {digit}: {len(events):,} spikes")
    axes[0, 0].set_ylabel("channel, low to high")
    cascade, levels = damping(sounds[0] / 2.0**15)
    places = np.arange(len(levels)) * 8 / RATE * 1e3
    shown = axes[1, 0].pcolormesh(
        places, cascade.frequencies / 1e3, levels.T, cmap="Blues", vmin=0, rasterized=True
    )
    axes[1, 0].set(yscale="log", xlabel="time (ms)", ylabel="channel (kHz)")
    axes[1, 0].set_title(f"damping while it hears the {DIGITS[0]}")
    axes[1, 0].set_yticks(TICKS, [f"{tick:g}" for tick in TICKS])
    axes[1, 0].minorticks_off()
    made.colorbar(shown, ax=axes[1, 0])
    for setting, label in ((None, "gain control"), (0.0, "held, as in silence"), (1.0, "passive")):
        axes[1, 1].plot(*growth(setting), ".-", label=label)
    axes[1, 1].set(xlabel="tone of 1 kHz (dB)", ylabel="vibration (dB)", title="growth")
    axes[1, 1].legend(fontsize=8)
    counts = [events.counts().reshape(70, 10).sum(axis=1) for events in heard]
    for digit, count, color in zip(DIGITS, counts, COLORS):
        axes[1, 2].plot(ear.frequencies[5::10] / 1e3, count / 10, color=color, label=f"{digit}")
    axes[1, 2].set(xscale="log", xlabel="channel (kHz)", ylabel="spikes", title="by channel")
    axes[1, 2].set_xticks((0.1, 1.0, 10.0), ("0.1", "1", "10"))
    axes[1, 2].legend(fontsize=8)
    for each in axes.flat:
        dress(each)
    made.savefig(given.out, dpi=120)


if __name__ == "__main__":
    main()
