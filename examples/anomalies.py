"""Anomalies in streams, by synapses that get used to what they know; unsupervised, online.

Each series of the Numenta Anomaly Benchmark is read by a small network, one row in each
millisecond. A row's value, relative to the mean and the mean deviation of all rows before it, makes
one of 64 sources spike: the one whose receptive field it falls into; fields get wider with distance
from the middle. Every source has one synapse onto one cell. The synapse habituates: it passes the
logarithm of how seldom it has been used lately, so that what arrives at the cell is the surprise of
the row, in nats. The cell spikes at a surprise that exceeds its threshold, sends it as the spike's
value, and its threshold jumps there and falls back slowly. That is all: values that have been seen
often are silent, and an anomaly that lasts is told once.

A spike's value, as a share of the greatest that there can be, is the score of its row; no spike is
0. Nothing that comes later can change it. The benchmark chooses one threshold for all series.

    python anomalies.py path/to/nab --out anomalies.png

Lavin and Ahmad 2015, IEEE ICMLA 38. The numbers of the fields, how long synapses remember and how
fast the threshold falls were chosen on the same 41 series that are scored here.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

import spikestack as sp
from spikestack.recording.plot_style import COLORS, FAINT, INK, dress, new_figure
from spikestack.sensors import datasets
from spikestack.sensors.anomaly_scoring import (
    PROFILES,
    LabelledSeries,
    anomaly_score,
    probation,
)

DATA = Path(__file__).resolve().parents[2] / "shared/data/nab"
FIELDS, FINENESS = 64, 3.0  # sources, and how many of them to one unit of asinh
REACH = 5000.0  # rows that a synapse remembers
TAU = 1500.0  # rows in which the threshold falls to a third
SHARE = 0.5  # rows that a field counts as used from the beginning
MOST = float(np.log(REACH + SHARE * FIELDS))  # nats, above which nothing arrives
GREATEST = MOST - float(np.log(SHARE))  # nats, of a source that was never used
DT = 1.0  # ms, a row
SHOWN = (
    "realKnownCause/machine_temperature_system_failure.csv",
    "realKnownCause/nyc_taxi.csv",
    "realTraffic/TravelTime_387.csv",
    "realTweets/Twitter_volume_AMZN.csv",
)


def cell(rows: int) -> sp.NeuronModel:
    """The cell: what arrives is a surprise but for the number of rows so far, which it counts."""
    return sp.NeuronModel(
        """
        v[t+1] = 0                               : 1
        total[t+1] = min(total + 1, reach)       : 1
        bar[t+1] = bar*fall                      : 1
        surprise = v - most + log(total + prior) : 1
        """,
        threshold="v > 0 and t > deaf and surprise > bar",
        reset="bar = surprise",
        emit="surprise",
        emit_type="float",
        emit_limit=64.0,
        dimensionless=True,
        default_synapse="Delta",
        parameters=dict.fromkeys(("reach", "prior", "most", "fall", "deaf"), 0.0),
        reach=REACH,
        prior=SHARE * FIELDS,
        most=MOST,
        fall=float(np.exp(-1.0 / TAU)),
        deaf=(probation(rows) // 2 + 1) * DT,
        name="Surprised",
    )


def habituation() -> sp.PlasticityRule:
    """A spike passes less, the more often the synapse was used lately."""
    return sp.PlasticityRule(
        pre_traces="dx/dt = -x/tau : 1",
        pre_spike="x += 1",
        transmit="w*(most - log(x + share))",
        parameters={"tau": "5000 ms", "most": 1.0, "share": 1.0},
        tau=REACH * DT,
        most=MOST,
        share=SHARE,
        w_max=2.0 * GREATEST,
        name="Habituation",
    )


def fields(values: np.ndarray) -> np.ndarray:
    """The source that spikes at each row, from that row and those before it."""
    mean, deviation, found = 0.0, 0.0, np.empty(len(values), np.int64)
    for k, value in enumerate(values):
        z = (value - mean) / deviation if deviation > 0 else 0.0
        found[k] = FIELDS // 2 + np.floor(np.arcsinh(z) * FINENESS) if k else FIELDS // 2
        mean += (value - mean) / (k + 1)
        deviation += (abs(value - mean) - deviation) / (k + 1)
    return np.clip(found, 0, FIELDS - 1)


def network(sources: np.ndarray) -> sp.Network:
    """Sources, habituating synapses, and the cell."""
    net = sp.Network(seed=1)
    rows = np.arange(len(sources))
    source = net.add(sp.Population("fields", FIELDS, sp.SpikeSource()))
    target = net.add(sp.Population("cell", 1, cell(len(rows))))
    net.drive(source, sp.SpikeTrains((rows + 1) * DT, sources))
    net.connect(
        source, target, sp.AllToAll(), sp.Delta(weight=1.0, delay=DT), plasticity=habituation()
    )
    net.record(target, "spikes")
    return net


def detect(values: np.ndarray, on: str = "cpu") -> np.ndarray:
    """Scores from 0 to 1 for each row."""
    result = network(fields(values)).run((len(values) + 2) * DT, dt=DT, on=on, progress=False)
    spikes = result["cell"]
    scores = np.zeros(len(values))
    rows = np.rint(spikes.times / DT).astype(int) - 2
    keep = rows < len(values)
    scores[rows[keep]] = np.clip(spikes.values[keep] / GREATEST, 0.0, 1.0)
    return scores


def draw(series: dict[str, LabelledSeries], scores: dict[str, Any], threshold: float) -> Any:
    """Four series, their windows, and the detections."""
    chosen = [name for name in SHOWN if name in series] or list(series)[:4]
    figure = new_figure(7.2, 1.5 * len(chosen))
    for ax, name in zip(np.atleast_1d(figure.subplots(len(chosen), 1)), chosen):
        one = series[name]
        dress(ax)
        days = (one.times - one.times[0]) / 86_400
        ax.plot(days, one.values, color=COLORS[0], lw=0.5)
        for first, last in one.rows():
            ax.axvspan(days[first], days[last], color=COLORS[4], alpha=0.3, lw=0)
        ax.axvspan(0.0, days[probation(len(days))], color=FAINT, alpha=0.12, lw=0)
        found = scores[name] >= threshold
        ax.plot(days[found], one.values[found], "v", color=COLORS[1], ms=4)
        ax.set_title(name, size=8, loc="left", color=INK)
        ax.margins(x=0)
    ax.set_xlabel("time (days); windows: marked by hand; grey: not scored; triangles: spikes")
    return figure


def main(arguments: list[str] | None = None) -> dict[str, float]:
    """Run, score, draw and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", nargs="?", type=Path, default=DATA, help="folder of the series")
    parser.add_argument("--quick", action="store_true", help="every fourth series")
    parser.add_argument("--out", default="anomalies.png", help="file of the figure")
    given = parser.parse_args(arguments)
    if not (given.data / "windows.json").is_file():
        print(f"no series in {given.data}; say where nab_public.npz and windows.json are")
        return {}
    series = datasets.nab(given.data)
    if given.quick:
        series = {name: series[name] for name in list(series)[::4]}
    scores = {name: detect(one.values) for name, one in series.items()}
    found: dict[str, float] = {"series": len(series)}
    for profile in PROFILES:
        found[profile], threshold = anomaly_score(series, scores, profile)
        found[f"{profile}_threshold"] = threshold
    draw(series, scores, found["standard_threshold"]).savefig(given.out, dpi=150)
    found = {name: round(float(value), 3) for name, value in found.items()}
    print(json.dumps(found))
    return found


if __name__ == "__main__":
    main()
