"""What learning costs: the plastic benchmark network by rule, one JSON row each.

``python benchmarks/plasticity.py [--threads 1] [--rules AdditiveSTDP ...]``. A row has processor
and wall seconds per biological second, from 100 to 600 ms, and bytes per plastic synapse; the row
``static`` is the same network without a rule.
"""

from __future__ import annotations

import argparse
import json
import time

import spikestack as sp
from spikestack.benchmarks import cuba_stdp
from spikestack.equations.catalogue import collect

W_MAX = 0.07
#: What keeps the network much as it is: amplitudes that are not shares of w_max, thresholds within
#: reach of its potentials, and some time between rounds.
SETTINGS = {
    "BCM": {"eta": 1e-9},
    "ClopathSTDP": {"theta_minus": 8.0, "theta_plus": 19.0, "A_LTP": 1e-5, "A_LTD": 1e-5},
    "GraupnerBrunel": {"interval": 10.0},
    "MSTDP": {"gamma": 1e-5},
    "MSTDPET": {"gamma": 1e-5, "interval": 10.0},
    "PowerLawSTDP": {"w_0": 0.001},
    "RewardSTDP": {"A_plus": 1e-4, "A_minus": 1e-4, "interval": 10.0},
    "TsodyksMarkram": {"tau_rec": 20.0, "U": 0.2},
    "StochasticRelease": {"tau_rec": 20.0, "U": 0.2},
    "VogelsSprekeler": {"eta": 1e-5},
    "WeightNormalization": {"total": 31.5},
}


def static() -> sp.Network:
    """The network, its rule taken off."""
    made = sp.Network(1)
    net = cuba_stdp()
    for population in net.populations.values():
        made.add(population)
    for p in net.projections.values():
        made.connect(p.pre, p.post, p.rule, p.synapse)
    for drive in net.drives.values():
        made.drive(drive.target, drive.input)
    for population in made.populations.values():
        made.record(population, "spikes")
    return made


def measured(name: str, net: sp.Network, threads: int) -> dict[str, object]:
    """One row."""
    sim = sp.Simulation(net, threads=threads)
    sim.advance(100.0)
    sim.drain()
    cpu, wall = time.process_time(), time.perf_counter()
    sim.advance(500.0)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    spikes = sum(len(r.times) for r in sim.recording().spikes.values())
    row = {"rule": name, "threads": threads, "cpu_s_per_s": 2 * cpu, "wall_s_per_s": 2 * wall}
    row |= {"build_s": sim.build_time, "rate": 2 * spikes / 11_250}
    for channel in sim.engine.describe()["channels"]:
        if str(channel["scheme"]).startswith("plastic"):
            row["bytes_per_synapse"] = (channel["bytes"] + channel["bytes_rows"]) / channel[
                "synapses"
            ]
    return row


def main() -> None:
    """Print the rows."""
    rules = collect("spikestack.plasticity", sp.PlasticityRule)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rules", nargs="+", default=sorted(rules), choices=sorted(rules))
    given = parser.parse_args()
    print(json.dumps(measured("static", static(), given.threads)), flush=True)
    for name in given.rules:
        rule = rules[name](w_max=W_MAX, **SETTINGS.get(name, {}))
        print(json.dumps(measured(name, cuba_stdp(plasticity=rule), given.threads)), flush=True)


if __name__ == "__main__":
    main()
