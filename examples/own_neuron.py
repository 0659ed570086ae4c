"""A neuron model of one's own, in five lines of equations: quadratic integrate-and-fire."""

from __future__ import annotations

import spikestack as sp

quadratic = sp.NeuronModel(
    "dv/dt = (k*(v - v_rest)*(v - v_crit) + r*(i_syn + i_bias))/tau : mV",
    threshold="v >= v_peak",
    reset="v = v_reset",
    method="rk4",
    parameters={
        "k": sp.Parameter(0.04, "1/mV", low=0, meaning="curvature"),
        "v_rest": "-65 mV",
        "v_crit": "-50 mV",
        "v_peak": "30 mV",
        "v_reset": "-70 mV",
        "r": "20 MOhm",
        "tau": "20 ms",
        "i_bias": "0.3 nA",
    },
    initial={"v": "v_rest"},
    name="Quadratic",
)

net = sp.Network(seed=3)
cells = net.add(sp.Population("cells", 100, quadratic))
net.drive(cells, sp.Poisson(1000.0, weight=0.05))
net.connect(cells, cells, sp.FixedInDegree(10), sp.ExponentialCurrent(weight=-0.05, delay=1.0))
net.record(cells, "spikes")
net.record(cells[:3], "v")

if __name__ == "__main__":
    print(net.run(500.0))
