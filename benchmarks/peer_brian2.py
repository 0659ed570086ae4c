"""The CUBA and Brunel networks in Brian2 (C++ standalone); prints one JSON row. Run by compare.py.

The time is Brian2's own measurement of the last run; the first 100 ms are a run of their own.
"""

import json
import sys
import tempfile
from pathlib import Path

import brian2 as b
import numpy as np

name, duration = sys.argv[1], float(sys.argv[2])
folder = tempfile.mkdtemp()
b.set_device("cpp_standalone", directory=folder, build_on_run=False)
b.seed(1)
rng = np.random.default_rng(1)
b.defaultclock.dt = 0.1 * b.ms
if name == "cuba":
    namespace = {"tm": 20 * b.ms, "te": 5 * b.ms, "ti": 10 * b.ms, "el": -49 * b.mV}
    group = b.NeuronGroup(
        4000,
        """dv/dt = (el - v + ge + gi)/tm : volt (unless refractory)
        dge/dt = -ge/te : volt
        dgi/dt = -gi/ti : volt""",
        threshold="v > -50*mV",
        reset="v = -60*mV",
        refractory=5 * b.ms,
        method="exact",
        namespace=namespace,
    )
    group.v = "-60*mV + rand()*10*mV"
    exc, degrees, delay = 3200, (64, 16), 0.1
    on_pre = ("ge += 1.62*mV", "gi -= 9*mV")
else:
    group = b.NeuronGroup(
        12_500,
        "dv/dt = -v/tm : volt (unless refractory)",
        threshold="v > 20*mV",
        reset="v = 10*mV",
        refractory=2 * b.ms,
        method="exact",
        namespace={"tm": 20 * b.ms},
    )
    group.v = "rand()*20*mV"
    exc, degrees, delay = 10_000, (1000, 250), 1.5
    on_pre = (
        "v_post += 0.1*mV*int(not_refractory_post)",
        "v_post -= 0.5*mV*int(not_refractory_post)",
    )
    drive = b.PoissonInput(group, "v", 1000, 20 * b.Hz, 0.1 * b.mV)
parts = (group[:exc], group[exc:])
synapses = []
for source, k, action in zip(parts, degrees, on_pre):
    connection = b.Synapses(source, group, on_pre=action, delay=delay * b.ms)
    targets = np.repeat(np.arange(group.N), k)
    connection.connect(i=rng.integers(len(source), size=len(targets)), j=targets)
    synapses.append(connection)
monitor = b.SpikeMonitor(group, record=False)
network = b.Network(group, monitor, *synapses)
if name == "brunel":
    network.add(drive)
network.run(100 * b.ms)
network.run(duration * b.ms)
b.device.build(directory=folder, compile=True, run=True, debug=False)
seconds = duration * 1e-3
# The last run's own time and completed share, as the standalone program wrote them.
wall = float((Path(folder) / "results" / "last_run_info.txt").read_text().split()[0])
print(
    json.dumps(
        {
            "tool": f"Brian2 {b.__version__}",
            "name": name,
            "threads": 1,
            "wall_s_per_s": wall / seconds,
            "mean_rate": monitor.num_spikes / group.N / (seconds + 0.1),
        }
    )
)
