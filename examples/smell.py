"""A made-up nose smells three odours: what its sensors say, and what becomes events.

72 sensors of `ENose` answer slowly, overlap, and fall back slower than they rose. `SendOnDelta`
makes an event of each change by a twentieth, so that nothing is said while nothing happens. Nothing
here was recorded: sets of real recordings of gas sensors are seldom free to use.

    python examples/smell.py [--out smell.png]
"""

from __future__ import annotations

import argparse
import json

import numpy as np

import spikestack as sp
from spikestack.recording.plot_style import COLORS, INK, dress, new_figure
from spikestack.sensors.smell import ENose

SENSORS, ODOURS, RATE = 72, 3, 2.0  # Hz
SNIFF, PAUSE = 60, 180  # s
STEP = 0.05


def main() -> None:
    """Smell, count, and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default="smell.png", help="file of the figure")
    given = parser.parse_args()
    air = np.zeros((int((SNIFF + PAUSE) * ODOURS * RATE), ODOURS))
    for odour in range(ODOURS):
        begin = int((30 + odour * (SNIFF + PAUSE)) * RATE)
        air[begin : begin + int(SNIFF * RATE), odour] = 0.5
    answers = ENose(SENSORS, ODOURS, rate=RATE, seed=4).smell(air)
    events = sp.SendOnDelta(STEP).encode(answers, f"{RATE} Hz")
    counts = np.bincount(events.unit % 2, minlength=2)
    found = {"samples": answers.size, "events_up": int(counts[0]), "events_down": int(counts[1])}
    print(json.dumps(found))

    figure = new_figure(9.5, 3.4)
    lines, raster = figure.subplots(1, 2)
    seconds = np.arange(len(answers)) / RATE
    lines.plot(seconds, answers, lw=0.5, color=INK, alpha=0.35)
    for p, color in ((0, COLORS[0]), (1, COLORS[1])):
        which = events.unit % 2 == p
        raster.plot(events.t[which] / 1e6, events.unit[which] // 2, "|", ms=2, mew=0.6, color=color)
    for odour in range(ODOURS):
        begin = 30 + odour * (SNIFF + PAUSE)
        for ax in (lines, raster):
            ax.axvspan(begin, begin + SNIFF, color=COLORS[2 + odour], alpha=0.2, lw=0)
    lines.set(xlabel="time (s)", ylabel="answer")
    lines.set_title("72 sensors, three odours of a minute", size=10, color=INK)
    raster.set(xlabel="time (s)", ylabel="sensor")
    raster.set_title(f"changes of {STEP}, up and down", size=10, color=INK)
    for ax in (lines, raster):
        dress(ax)
        ax.set_xlim(0, seconds[-1])
    figure.savefig(given.out, dpi=120)


if __name__ == "__main__":
    main()
