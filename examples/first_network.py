"""Two coupled populations, driven by noise: the shortest useful network.

Run it with ``python examples/first_network.py`` or ``spikestack run examples/first_network.py``.
"""

from __future__ import annotations

import spikestack as sp

net = sp.Network(seed=1)
exc = net.add(sp.Population("exc", 800, sp.AdEx()))
inh = net.add(sp.Population("inh", 200, sp.LIF(tau_m=10.0)))
net.connect(exc, inh, sp.FixedProbability(0.1), sp.ExponentialCurrent(weight=0.4, delay=1.5))
net.connect(inh, exc, sp.FixedProbability(0.1), sp.ExponentialCurrent(weight=-0.2, delay=1.0))
net.drive(exc, sp.Poisson(rate=1500.0, weight=0.25))
net.record(exc, "spikes")
net.record(inh, "spikes")
net.record(exc[:5], "v")

if __name__ == "__main__":
    result = net.run(1000.0)
    print(result)
    result.raster().savefig("raster.png")
