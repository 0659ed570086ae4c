"""The CUBA and Brunel networks in NEST 3.10; prints one JSON row. Run by compare.py."""

import json
import sys
import time

import nest

name, duration, threads = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
nest.set_verbosity("M_ERROR")
nest.ResetKernel()
nest.resolution, nest.local_num_threads, nest.rng_seed = 0.1, threads, 1

started = time.perf_counter()
if name == "cuba":
    cell = {
        "C_m": 200.0,
        "tau_m": 20.0,
        "E_L": -49.0,
        "V_th": -50.0,
        "V_reset": -60.0,
        "t_ref": 5.0,
        "tau_syn_ex": 5.0,
        "tau_syn_in": 10.0,
    }
    model, sizes, degrees, weights, delay = "iaf_psc_exp", (3200, 800), (64, 16), (16.2, -90.0), 0.1
    start = nest.random.uniform(-60.0, -50.0)
else:
    cell = {"C_m": 1.0, "tau_m": 20.0, "E_L": 0.0, "V_th": 20.0, "V_reset": 10.0, "t_ref": 2.0}
    model, sizes, degrees, weights, delay = (
        "iaf_psc_delta",
        (10_000, 2_500),
        (1000, 250),
        (0.1, -0.5),
        1.5,
    )
    start = nest.random.uniform(0.0, 20.0)
populations = [nest.Create(model, n, params=cell) for n in sizes]
for population in populations:
    population.V_m = start
for source, k, weight in zip(populations, degrees, weights):
    for target in populations:
        nest.Connect(
            source,
            target,
            {"rule": "fixed_indegree", "indegree": k},
            {"weight": weight, "delay": delay},
        )
if name == "brunel":
    noise = nest.Create("poisson_generator", params={"rate": 20_000.0})
    for target in populations:
        nest.Connect(noise, target, syn_spec={"weight": 0.1, "delay": delay})
recorder = nest.Create("spike_recorder", params={"start": 100.0})
for population in populations:
    nest.Connect(population, recorder)
build = time.perf_counter() - started
nest.Simulate(100.0)
wall, cpu = time.perf_counter(), time.process_time()
nest.Simulate(duration)
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
seconds = duration * 1e-3
print(
    json.dumps(
        {
            "tool": f"NEST {nest.__version__}",
            "name": name,
            "threads": threads,
            "build_s": build,
            "wall_s_per_s": wall / seconds,
            "cpu_s_per_s": cpu / seconds,
            "mean_rate": recorder.n_events / sum(sizes) / seconds,
        }
    )
)
