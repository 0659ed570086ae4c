"""The Potjans-Diesmann circuit here and in NEST: do both fire alike? Prints two tables.

    python benchmarks/validate_microcircuit.py --nest PYTHON [--scale 0.1] [--for MS] [--seeds N]

Both run the same description with several seeds on one thread. The first table has means; the
second has Kolmogorov-Smirnov distances between the distributions of single-neuron rates, CVs and
pairwise correlations: of one tool to the other, and beside it of each tool to itself with another
seed. NEST lives in an environment of its own: pass its Python interpreter (`pip install
nest-simulator==3.10.*`).
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from itertools import combinations, product
from pathlib import Path

import numpy as np
from scipy.stats import ks_2samp

from spikestack import Network, Simulation
from spikestack.benchmarks import potjans_diesmann
from spikestack.recording import SpikeRecord

HERE = Path(__file__).parent
DT, SKIP = 0.1, 500.0
CELL = {
    "E_L": ("v_rest", 1.0),
    "V_reset": ("v_reset", 1.0),
    "V_th": ("v_thresh", 1.0),
    "C_m": ("cm", 1e3),
    "tau_m": ("tau_m", 1.0),
    "t_ref": ("tau_refrac", 1.0),
    "I_e": ("i_offset", 1e3),
}
"""NEST's name of each parameter, ours, and its unit in ours."""
MEASURES = ("rate", "CV", "correlation")

Runs = list[dict[str, dict[str, np.ndarray]]]


def described(net: Network) -> dict:
    """The circuit as NEST takes it: pA, pF, mV, ms, Hz."""
    populations = {}
    for drive in net.drives.values():
        population = drive.target.population
        cell = {name: unit * population.model.values[our] for name, (our, unit) in CELL.items()}
        start, tau_syn = population.model.initial_values["v"], drive.synapse.values["tau_syn"]
        populations[population.name] = {
            "size": population.size,
            "cell": cell | {"tau_syn_ex": tau_syn, "tau_syn_in": tau_syn},
            "v": (start.mean, start.sd),
            "rate": drive.input.rate,
            "weight": 1e3 * drive.synapse.weight,
        }
    projections = [
        {
            "pre": projection.pre.population.name,
            "post": projection.post.population.name,
            "number": projection.rule.n,
            "weight": normal(projection.synapse.weight, 1e3),
            "delay": normal(projection.synapse.delay),
        }
        for projection in net.projections.values()
    ]
    return {"dt": DT, "skip": SKIP, "populations": populations, "projections": projections}


def normal(value: object, unit: float = 1.0) -> tuple[float, ...]:
    """Mean, deviation and bounds of a `Normal`."""
    low = -math.inf if value.low is None else value.low
    high = math.inf if value.high is None else value.high
    return tuple(unit * number for number in (value.mean, value.sd, low, high))


def ours(net: Network, duration: float) -> dict[str, SpikeRecord]:
    """The spikes after `SKIP` ms, here."""
    simulation = Simulation(net, dt=DT, threads=1)
    simulation.advance(SKIP)
    simulation.drain()
    simulation.advance(duration)
    return dict(simulation.recording().spikes)


def nests(python: str, net: Network, seed: int, duration: float) -> dict[str, SpikeRecord]:
    """The spikes after `SKIP` ms, in NEST."""
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "spikes.npz")
        asked = described(net) | {"seed": seed, "duration": duration, "out": out}
        command = [python, str(HERE / "microcircuit_nest.py")]
        done = subprocess.run(
            command, input=json.dumps(asked), stdout=subprocess.PIPE, text=True, check=True
        )
        print("#", done.stdout.strip().splitlines()[-1], "seed", seed, file=sys.stderr)
        with np.load(out) as spikes:
            return {
                name: SpikeRecord(
                    population=name,
                    size=population.size,
                    dt=DT,
                    steps=spikes[f"{name}_steps"],
                    ids=spikes[f"{name}_ids"],
                    t_start=SKIP,
                    t_stop=SKIP + duration,
                )
                for name, population in net.populations.items()
            }


def measured(records: dict[str, SpikeRecord]) -> dict[str, dict[str, np.ndarray]]:
    """By population, the values of all neurons or pairs."""
    found = {}
    for name, record in records.items():
        variation = record.cv()
        found[name] = {
            "rate": record.rates(),
            "CV": variation[np.isfinite(variation)],
            "correlation": record.correlations(),
        }
    return found


def distance(pairs: Iterable[tuple[dict, dict]], population: str, measure: str) -> float:
    """Mean Kolmogorov-Smirnov distance over pairs of runs."""
    found = [ks_2samp(*(run[population][measure] for run in pair)).statistic for pair in pairs]
    return float(np.mean(found))


def mean_and_spread(runs: Runs, population: str, measure: str) -> str:
    """The mean over seeds of the mean over neurons or pairs, and its deviation."""
    means = [run[population][measure].mean() for run in runs]
    digits = 4 if measure == "correlation" else 3
    return f"{np.mean(means):.{digits}f} ± {np.std(means, ddof=1):.{digits}f}"


def print_means(here: Runs, there: Runs) -> None:
    """A row per population: rate, CV and correlation of both tools."""
    heads = [f"{measure}, {tool}" for measure in MEASURES for tool in ("Spikestack", "NEST")]
    print("| |", " | ".join(heads), "|\n|---" + "|---" * len(heads) + "|")
    for name in here[0]:
        cells = [mean_and_spread(runs, name, m) for m in MEASURES for runs in (here, there)]
        print("|", name, "|", " | ".join(cells), "|")


def print_distances(here: Runs, there: Runs) -> None:
    """A row per population: distances between the tools and between seeds of each."""
    kinds = {
        "tools": list(product(here, there)),
        "seeds here": list(combinations(here, 2)),
        "seeds NEST": list(combinations(there, 2)),
    }
    heads = [f"{measure}: {kind}" for measure in MEASURES for kind in kinds]
    print("| |", " | ".join(heads), "|\n|---" + "|---" * len(heads) + "|")
    for name in here[0]:
        cells = [f"{distance(pairs, name, m):.3f}" for m in MEASURES for pairs in kinds.values()]
        print("|", name, "|", " | ".join(cells), "|")


def main() -> None:
    """Run both with seeds 1 to N, one after the other, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nest", required=True, help="Python interpreter that has NEST")
    parser.add_argument("--scale", type=float, default=0.1)
    parser.add_argument("--for", dest="duration", type=float, default=3000.0, help="ms")
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    if asked.seeds < 2:
        parser.error("--seeds: at least 2, to have a distance between seeds")
    here, there = [], []
    for seed in range(1, asked.seeds + 1):
        net = potjans_diesmann(seed=seed, scale=asked.scale)
        here.append(measured(ours(net, asked.duration)))
        there.append(measured(nests(asked.nest, net, seed, asked.duration)))
    print_means(here, there)
    print()
    print_distances(here, there)


if __name__ == "__main__":
    main()
