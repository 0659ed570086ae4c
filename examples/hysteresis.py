"""Pinched loops: what each memristive device does under a sine, and how that fades with frequency.

Every device with an equation is driven by a sine for three periods; the last is drawn, at the
device's own frequency, at ten and at a thousand times that. The loop passes through the origin,
since without voltage there is no current, and closes in the end, as the state has less and less
time to move: the fingerprints of a memristive device (Chua). Its share is the area of both lobes
over that of the rectangle around the loop.

    python hysteresis.py --out hysteresis.png
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np

import spikestack as sp
from spikestack.crossbars.showing.hysteresis import scaled
from spikestack.devices.dynamic import DynamicDevice
from spikestack.recording.plot_style import COLORS, FAINT, INK, dress, new_figure

FACTORS = (1, 10, 1000)
STEPS = 1000  # of a period


def devices() -> list[DynamicDevice]:
    """Every device with an equation; that of HP Labs with the window of its published sine."""
    kinds = sp.devices.all_devices().values()
    made = [kind() for kind in kinds if issubclass(kind, DynamicDevice)]
    hp = sp.devices.LinearIonDrift.preset("hp_sine", window="biolek")
    return [hp if one.label == hp.label else one for one in made]


def last_period(device: DynamicDevice, factor: float) -> tuple[np.ndarray, np.ndarray]:
    """Voltage and current of the third period of a sine."""
    volts, hertz = device.shows_loop
    period = 1 / (hertz * factor)
    trace = sp.crossbars.drive(
        device, lambda t: volts * np.sin(2 * np.pi * t / period), period / STEPS,
        duration=3 * period,
    )  # fmt: skip
    return trace.voltage[2 * STEPS :], trace.current[2 * STEPS :]


def share(volts: np.ndarray, amperes: np.ndarray) -> float:
    """Area of the lobes at positive and negative voltage, over that of the rectangle."""
    area = 0.0
    for half in (slice(0, STEPS // 2 + 1), slice(STEPS // 2, STEPS + 1)):
        v, i = volts[half], amperes[half]
        area += abs(float(np.sum(0.5 * (i[1:] + i[:-1]) * np.diff(v))))
    return area / float(np.ptp(volts) * np.ptp(amperes))


def draw(found: dict[str, dict[int, tuple[np.ndarray, np.ndarray]]]) -> Any:
    """A panel for each device, a colour for each frequency."""
    columns = 4
    rows = -(-len(found) // columns)
    figure = new_figure(7.2, 1.75 * rows)
    axes = figure.subplots(rows, columns).ravel()
    for ax, (name, loops) in zip(axes, found.items()):
        for line in (ax.axhline, ax.axvline):
            line(0.0, color=FAINT, linewidth=0.5, zorder=0)
        unit = scaled(loops[FACTORS[0]][1], "A")[1]
        size = (
            np.abs(loops[FACTORS[0]][1]).max() / np.abs(scaled(loops[FACTORS[0]][1], "A")[0]).max()
        )
        for color, factor in zip(COLORS, FACTORS):
            volts, amperes = loops[factor]
            ax.plot(volts, amperes / size, color=color, linewidth=0.9, label=f"{factor} f")
        ax.set_title(name, fontsize=8, loc="left", color=INK)
        dress(ax)
        ax.tick_params(labelsize=6.5)
        ax.set_ylabel(f"i ({unit})", fontsize=7)
        ax.set_xlabel("v (V)", fontsize=7)
    for ax in axes[len(found) :]:
        ax.set_axis_off()
    handles, labels = axes[0].get_legend_handles_labels()
    axes[-1].legend(handles, labels, loc="center", frameon=False, fontsize=8, title="frequency",
                    title_fontsize=8)  # fmt: skip
    return figure


def main(arguments: list[str] | None = None) -> dict[str, list[float]]:
    """Drive, draw and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", default="hysteresis.png", help="file of the figure")
    given = parser.parse_args(arguments)
    found = {
        device.label: {factor: last_period(device, factor) for factor in FACTORS}
        for device in devices()
    }
    draw(found).savefig(given.out, dpi=150)
    shares = {
        name: [round(share(*loops[factor]), 5) for factor in FACTORS]
        for name, loops in found.items()
    }
    print(json.dumps({"factors": FACTORS, "share_of_the_rectangle": shares}))
    return shares


if __name__ == "__main__":
    main()
