"""The microcircuit in NEST 3.10, as described in the JSON on standard input.

Writes the spikes of each population (`NAME_steps`, `NAME_ids`) to the file `out` names. Run by
validate_microcircuit.py.
"""

import json
import sys

import nest
import numpy as np

asked = json.load(sys.stdin)
nest.verbosity = nest.VerbosityLevel.ERROR
nest.ResetKernel()
nest.resolution, nest.local_num_threads, nest.rng_seed = asked["dt"], 1, asked["seed"]


def drawn(mean: float, sd: float, low: float, high: float) -> object:
    """A normal value, drawn again until it lies within its bounds."""
    return nest.math.redraw(nest.random.normal(mean, sd), low, high)


populations, recorders = {}, {}
for name, given in asked["populations"].items():
    population = nest.Create("iaf_psc_exp", given["size"], params=given["cell"])
    population.V_m = nest.random.normal(*given["v"])
    noise = nest.Create("poisson_generator", params={"rate": given["rate"]})
    nest.Connect(noise, population, syn_spec={"weight": given["weight"], "delay": asked["dt"]})
    recorders[name] = nest.Create("spike_recorder", params={"start": asked["skip"]})
    nest.Connect(population, recorders[name])
    populations[name] = population
for given in asked["projections"]:
    nest.Connect(
        populations[given["pre"]],
        populations[given["post"]],
        {"rule": "fixed_total_number", "N": given["number"]},
        {"weight": drawn(*given["weight"]), "delay": drawn(*given["delay"])},
    )
nest.Simulate(asked["skip"] + asked["duration"])

spikes = {}
for name, recorder in recorders.items():
    events = recorder.events
    spikes[f"{name}_steps"] = np.rint(events["times"] / asked["dt"]).astype(np.int64)
    spikes[f"{name}_ids"] = (events["senders"] - populations[name].global_id[0]).astype(np.int32)
np.savez(asked["out"], **spikes)
print(json.dumps({"tool": f"NEST {nest.__version__}"}))
