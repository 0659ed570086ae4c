"""One real recording for each sense, as events: seen, heard, felt, and a heart.

A digit before an event camera (N-MNIST), the same digit spoken and heard by a cochlea, a letter of
Braille under a fingertip, and two seconds of an electrocardiogram whose changes are events. The
recordings do not come with Spikestack (docs/datasets.md); without them this says where they go.

    python examples/senses.py [--data FOLDER] [--out senses.png]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

import spikestack as sp
from spikestack.errors import ValidationError
from spikestack.recording.plot_style import COLORS, INK, dress, new_figure
from spikestack.sensors import datasets
from spikestack.sensors.cochlea import Gammatone
from spikestack.sensors.touch import AFFERENTS, Skin

DIGIT, LETTER = 3, 5


def first(samples: datasets.Samples, label: int) -> Any:
    """The first sample of a class."""
    return samples[int(np.flatnonzero(samples.labels == label)[0])][0]


def main() -> None:
    """Make events of each recording, count them, and draw them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder of the recordings")
    parser.add_argument("--out", type=Path, default=Path("senses.png"))
    given = parser.parse_args()
    try:
        folder = datasets.data_folder(given.data)
        seen = first(datasets.nmnist_small("train", folder), DIGIT)
        sound = first(datasets.spoken_digits("train", folder), DIGIT)
        pressure = first(datasets.braille("train", folder), LETTER)
        signal, rate, *_ = datasets.heartbeats(folder)
    except ValidationError as error:
        print(f"no recordings: {error}")
        return
    ear, skin = (
        Gammatone(64, 80.0, 3500.0, 8000.0),
        Skin(12, rate=100.0, gains=(4.0, 0.6, 0.6, 0.0)),
    )
    heard, felt = ear.hear(sound), skin.feel(pressure)
    lead = signal[: int(2 * rate), :1]
    changes = sp.SendOnDelta(0.02 * np.ptp(signal[:, 0])).encode(lead, "360 Hz")
    counts = {"seen": len(seen), "heard": len(heard), "felt": len(felt), "heart": len(changes)}
    print(json.dumps(counts))

    figure = new_figure(9.5, 6.5)
    axes = figure.subplots(2, 2)
    picture, raster, touch, heart = axes.flat
    for p, color in ((1, COLORS[0]), (0, COLORS[1])):
        which = (seen.p == p) & (seen.t < 25_000)
        picture.plot(seen.x[which], seen.y[which], "s", ms=4, alpha=0.3, color=color, mew=0)
    picture.set(xlim=(0, 34), ylim=(34, 0), aspect="equal", title=f"a {DIGIT} seen, first 25 ms")
    picture.set(xlabel="x (pixels)", ylabel="y (pixels)")
    raster.plot(heard.t / 1e3, ear.frequencies[heard.unit] / 1e3, ".", ms=1.2, color=COLORS[0])
    raster.set(yscale="log", title=f"a {DIGIT} heard", xlabel="time (ms)", ylabel="channel (kHz)")
    raster.set_yticks([0.1, 0.3, 1, 3], ["0.1", "0.3", "1", "3"])
    raster.minorticks_off()
    touch.plot(felt.t / 1e3, felt.unit, "|", ms=4, color=COLORS[2])
    for k, name in enumerate(AFFERENTS[:3]):
        touch.axhline(12 * k - 0.5, color=INK, lw=0.5)
        touch.text(5, 12 * k + 10.5, name, fontsize=8, va="top", color=INK)
    touch.set(ylim=(-0.5, 35.5), title="a letter of Braille felt", xlabel="time (ms)")
    touch.set(ylabel="fibre", xlim=(0, 760))
    time = np.arange(len(lead)) / rate * 1e3
    heart.plot(time, lead[:, 0], color=INK, lw=1)
    for unit, color, level in ((0, COLORS[0], 1.35), (1, COLORS[1], 1.25)):
        at = changes.t[changes.unit == unit] / 1e3
        heart.plot(at, np.full(len(at), level), "|", ms=6, color=color)
    heart.set(title="a heart: changes of 2 %, up and down", xlabel="time (ms)", ylabel="mV")
    for each in axes.flat:
        dress(each)
    figure.savefig(given.out, dpi=120)


if __name__ == "__main__":
    main()
