"""Heartbeats found by spikes: two leads as events, and three cells that notice the beat, online.

Each lead of an ECG becomes events by send-on-delta: one for each step of 0.15 mV up or down. Of
the events of a wave, those of a beat's QRS complex alone come fast. Two leaky integrate-and-fire
cells, one for each lead, count events of either sign within some ten milliseconds and fire at that;
a third fires when either does, and is then refractory for a quarter of a second, as a heart is.

Everything runs as it would at a bedside: a tenth of a second of samples is pushed into the encoder,
its events are injected into the running network, and what the third cell says is taken. Nothing is
learned. Beats count as found within 150 ms of the mark, as in ANSI/AAMI EC57.

The record is MIT-BIH 100, the first 20 minutes (Moody and Mark 2001, IEEE Eng Med Biol 20:45).

    python ecg.py path/to/ecg100_first20min.npz --out ecg.png
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import spikestack as sp
from spikestack.recording.plot_style import COLORS, FAINT, INK, dress, new_figure
from spikestack.sensors.encoders.base import Encoder
from spikestack.sensors.events import UnitEvents

DATA = Path(__file__).resolve().parents[2] / "shared/data/ecg-mitbih100/ecg100_first20min.npz"
STEP = 0.15  # mV, of send-on-delta
PIECE = 36  # samples pushed at a time: 100 ms
DT = 1.0  # ms, of the network
WITHIN = 150.0  # ms


@dataclass(frozen=True)
class Record:
    """Leads in mV, their sampling rate in Hz, and times of beats in ms."""

    leads: np.ndarray
    rate: float
    beats: np.ndarray


def read(path: Path) -> Record:
    """The supplied form of the record; marks that are no beats are left out."""
    with np.load(path) as data:
        leads = (data["adc"] - np.float64(data["adc_zero"])) / data["adc_gain"]
        beat = np.isin(data["beat_symbol"], ["N", "A"])
        rate = float(np.ravel(data["fs"])[0])
        return Record(leads, rate, data["beat_sample"][beat] * 1e3 / rate)


def network(leads: int = 2) -> sp.Network:
    """A cell for each lead that answers to many events in a short time, and one for all."""
    net = sp.Network(seed=1)
    slope = sp.LIF(tau_m=30.0, tau_refrac=20.0, v_rest=0.0, v_reset=0.0, v_thresh=6.0, v=0.0)
    beat = sp.LIF(tau_m=10.0, tau_refrac=250.0, v_rest=0.0, v_reset=0.0, v_thresh=1.0, v=0.0)
    cells = net.add(sp.Population("slopes", leads, slope))
    heart = net.add(sp.Population("beat", 1, beat))
    net.drive(cells, sp.ExternalSpikes(synapse=sp.Delta(weight=1.0), most=64.0), name="events")
    net.connect(cells, heart, sp.AllToAll(), sp.Delta(weight=2.0, delay=DT))
    net.record(heart, "spikes")
    net.record(cells, "spikes")
    return net


def listen(
    record: Record, encoder: Encoder, piece: int = PIECE, on: str = "cpu"
) -> tuple[np.ndarray, UnitEvents]:
    """Times (ms) at which the network noticed a beat, and all events; piece by piece."""
    dt = 1e3 / record.rate
    stream = encoder.stream(dt, record.leads.shape[1])
    session = sp.Simulation(network(record.leads.shape[1]), dt=DT, on=on)
    found, heard = [], []
    for begin in range(0, len(record.leads), piece):
        events = stream.push(record.leads[begin : begin + piece])
        end = (begin + piece) * dt
        if len(events):
            # On the first step after it, so that no event acts before it happened.
            times = np.floor(events.t / (1e3 * DT)) * DT + DT
            session.inject("events", events.unit // encoder.per_channel, times)
        heard.append(events)
        steps = int((end - session.time) / DT)
        session.forward(max(steps, 0))
        found.append(session.drain()["beat"].times)
    t, unit = (np.concatenate([getattr(e, name) for e in heard]) for name in ("t", "unit"))
    return np.concatenate(found), UnitEvents(t=t, unit=unit, units=heard[0].units)


def score(found: np.ndarray, beats: np.ndarray, within: float = WITHIN) -> dict[str, float]:
    """Matches of one with one, in order of time: precision, recall and F1."""
    matched, k = 0, 0
    for beat in beats:
        while k < len(found) and found[k] < beat - within:
            k += 1
        if k < len(found) and found[k] <= beat + within:
            matched, k = matched + 1, k + 1
    precision, recall = matched / max(len(found), 1), matched / max(len(beats), 1)
    f1 = 2 * matched / max(len(found) + len(beats), 1)
    return {"f1": f1, "precision": precision, "recall": recall}


def draw(record: Record, events: UnitEvents, found: np.ndarray, begin: float = 10e3) -> Any:
    """Four seconds: both leads, what is left of them in events, and the beats."""
    figure = new_figure(7.2, 3.6)
    axes = figure.subplots(3, 1, sharex=True, height_ratios=[3, 1.2, 0.6])
    end, dt = begin + 4e3, 1e3 / record.rate
    first, last = int(begin / dt), int(end / dt)
    decoded = sp.SendOnDelta(d=STEP, start=record.leads[0]).decode(events, last, dt)
    at = np.arange(first, last) * dt * 1e-3
    for ax in axes:
        dress(ax)
    for lead in (0, 1):
        shift = -1.4 * lead
        axes[0].step(at, decoded[first:, lead] + shift, color=FAINT, lw=0.7, where="post")
        axes[0].plot(at, record.leads[first:last, lead] + shift, color=COLORS[lead], lw=0.9)
    axes[0].set(ylabel="leads (mV)")
    shown = events.between(begin, end)
    for unit in range(4):
        mine = shown.t[shown.unit == unit] * 1e-6
        axes[1].plot(mine, np.full(len(mine), unit), "|", ms=4, mew=0.5, color=COLORS[unit // 2])
    axes[1].set(yticks=range(4), yticklabels=["up", "down", "up", "down"], ylim=(3.6, -0.6))
    for times, mark, colour, label in (
        (record.beats, "o", FAINT, "marked by hand"),
        (found, "|", INK, "found by spikes"),
    ):
        mine = times[(times >= begin) & (times < end)] * 1e-3
        axes[2].plot(mine, np.zeros(len(mine)), mark, ms=8, mfc="none", color=colour, label=label)
    axes[2].set(yticks=[], xlabel="time (s)")
    axes[2].legend(frameon=False, fontsize=7, ncols=2, loc="upper left", bbox_to_anchor=(0, -0.6))
    return figure


def main(arguments: list[str] | None = None) -> dict[str, float]:
    """Run, draw and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", nargs="?", type=Path, default=DATA, help="the record")
    parser.add_argument("--quick", action="store_true", help="two minutes instead of twenty")
    parser.add_argument("--out", default="ecg.png", help="file of the figure")
    given = parser.parse_args(arguments)
    if not given.data.is_file():
        print(f"no record at {given.data}; say where ecg100_first20min.npz is")
        return {}
    record = read(given.data)
    if given.quick:
        seconds = 120
        record = Record(
            record.leads[: int(seconds * record.rate)],
            record.rate,
            record.beats[record.beats < seconds * 1e3],
        )
    found, events = listen(record, sp.SendOnDelta(d=STEP, start=record.leads[0]))
    draw(record, events, found).savefig(given.out, dpi=150)
    seconds = len(record.leads) / record.rate
    counts = events.counts().reshape(-1, 2).sum(axis=1) / seconds
    numbers = score(found, record.beats) | {
        "beats": len(record.beats),
        "found": len(found),
        "events_per_s_lead_1": counts[0],
        "events_per_s_lead_2": counts[1],
    }
    numbers = {name: round(float(value), 4) for name, value in numbers.items()}
    print(json.dumps(numbers))
    return numbers


if __name__ == "__main__":
    main()
