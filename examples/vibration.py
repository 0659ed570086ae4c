"""A damaged bearing, found from events alone: where it rings, and at what rate it is struck.

A made-up machine turns at 29 Hz; a dent in the outer ring of its bearing is struck 104 times a
second, and rings at 3 kHz. Resonators and neurons (a cochlea for vibration) show the turn of the
shaft and, far above, the ring. The envelope of the band about the ring, as events of send-on-delta,
keeps to one rate, and which part of a bearing that is, its shape says: the periodogram of events is
read at the rates of outer ring, inner ring and ball. Draws vibration.png.

    python examples/vibration.py [--fault outer|inner|ball|none] [--out FIGURE.png]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

import spikestack as sp
from spikestack.recording.plot_style import COLORS, FAINT, INK, dress, new_figure
from spikestack.sensors.bearing import FAULTS, BearingFault
from spikestack.sensors.envelope import Envelope
from spikestack.sensors.events import UnitEvents
from spikestack.sensors.periodicity import Periodicity, periodicity
from spikestack.sensors.resonator_bank import ResonatorBank

SECONDS, SHAFT, STEP = 4.0, 29.0, 0.25


def machine(fault: str) -> BearingFault:
    """The machine, with damage or without."""
    strength = 0.0 if fault == "none" else 1.5
    return BearingFault(FAULTS[0] if fault == "none" else fault, SHAFT, strength=strength, seed=1)


def diagnose(ups: UnitEvents, rates: dict[str, float]) -> tuple[str, float, Periodicity]:
    """Which part is damaged, the rate found for it in Hz, and the events' periodogram.

    A part is blamed if no other rate within 2 % of its own, which slip allows, is kept to better.
    """
    if len(ups) < 100:  # no band that rings
        return "none", 0.0, Periodicity(np.array([60.0, 250.0]), np.zeros(2))
    found = periodicity(ups, 60.0, 250.0)
    power = {}
    for fault in FAULTS:
        near = np.abs(found.frequency / rates[fault] - 1.0) < 0.02
        power[fault] = float(found.power[near].max())
    blamed = max(power, key=lambda fault: power[fault])
    if power[blamed] < 0.05 * len(ups):  # as little as events at random would
        return "none", 0.0, found
    near = np.abs(found.frequency / rates[blamed] - 1.0) < 0.02
    best = float(found.frequency[near][found.power[near].argmax()])
    return blamed, best, found


def draw(made: BearingFault, signal: np.ndarray, parts: dict[str, Any], found: Periodicity) -> Any:
    """Signal and blows, what resonators say, the envelope's events, and their periodogram."""
    figure = new_figure(8.6, 6.4)
    axes = figure.subplots(4, 1, height_ratios=(1.2, 1.4, 1.2, 1.4))
    for ax in axes:
        dress(ax)
    t = np.arange(len(signal)) * 1e3 / made.rate
    shown = (t >= 1000) & (t < 1100)
    axes[0].plot(t[shown], signal[shown], lw=0.6, color=COLORS[0])
    blows = made.impacts(SECONDS)[0] if made.strength else np.zeros(0)
    for blow in blows[(blows >= 1000) & (blows < 1100)]:
        axes[0].axvline(blow, color=COLORS[1], lw=0.8, ls=":")
    axes[0].set(ylabel="acceleration", title="vibration, and blows")
    bank, felt = parts["bank"], parts["felt"].between(1000.0, 1100.0)
    axes[1].plot(felt.t / 1e3, bank.frequencies[felt.unit], "|", ms=3, color=COLORS[2])
    axes[1].set(yscale="log", ylim=(8, 6000), ylabel="channel (Hz)", title="resonators and neurons")
    axes[2].plot(t[shown], parts["envelope"][shown], lw=0.9, color=FAINT)
    for unit, colour, mark in ((0, COLORS[1], "^"), (1, COLORS[0], "v")):
        mine = parts["events"].between(1000.0, 1100.0)
        at = mine.t[mine.unit == unit] / 1e3
        axes[2].plot(at, np.full(len(at), -0.15 - 0.15 * unit), mark, ms=3, color=colour)
    axes[2].set(ylabel="envelope", xlabel="time (ms)", title="2 to 4 kHz: envelope, steps up, down")
    for ax in axes[:3]:
        ax.set_xlim(1000, 1100)
        ax.title.set_fontsize(9)
    axes[3].plot(found.frequency, found.power, lw=0.8, color=INK)
    for k, fault in enumerate(FAULTS):
        rate = made.bearing.rates(SHAFT)[fault]
        axes[3].axvline(rate, color=COLORS[k + 1], lw=1, ls="--", label=f"{fault} {rate:.1f} Hz")
    axes[3].set(xlabel="rate (Hz)", ylabel="power", title="rates that the steps up keep to")
    axes[3].title.set_fontsize(9)
    axes[3].legend(frameon=False, fontsize=7)
    return figure


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Shake, listen, blame, and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fault", choices=(*FAULTS, "none"), default="outer")
    parser.add_argument("--out", type=Path, default=Path("vibration.png"))
    given = parser.parse_args(arguments)
    made = machine(given.fault)
    signal = made.record(SECONDS)
    bank = ResonatorBank(1, 48, 10.0, 5000.0, made.rate, gain=3.0)
    listener = Envelope(2000.0, 4000.0, 600.0, made.rate, encoder=sp.SendOnDelta(STEP))
    events = listener.feel(signal)
    ups = events[events.unit == 0]
    blamed, rate, found = diagnose(ups, made.bearing.rates(SHAFT))
    result = {
        "fault": given.fault,
        "found": blamed,
        "rate_hz": round(rate, 2),
        "true_rate_hz": round(made.fault_rate, 2) if given.fault != "none" else 0.0,
        "events_per_s": len(events) / SECONDS,
        "samples_per_s": made.rate,
    }
    print(json.dumps(result))
    parts = {"bank": bank, "felt": bank.feel(signal), "events": events}
    parts["envelope"] = listener.envelope(signal)[:, 0]
    draw(made, signal, parts, found).savefig(given.out, dpi=120)
    return result


if __name__ == "__main__":
    main()
