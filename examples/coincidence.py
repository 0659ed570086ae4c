"""Coincidence on a dendrite: two volleys within 8 ms make a burst, one alone makes nothing.

Two groups of ten fibres excite the dendrite of a Pinsky-Rinzel cell. One volley stays below
threshold; a second one adds to it as long as the first has not leaked away. The soma then spikes,
the spike goes back into the dendrite and starts a calcium spike there, and that one drives the rest
of the burst: without calcium (``g_ca=0``) the soma spikes once at most, without sodium (``g_na=0``)
there is no calcium spike. ``python coincidence.py FIGURE.png`` also draws.
"""

from __future__ import annotations

import math
import sys

import numpy as np

import spikestack as sp

FIRST = 50.0  # ms
FIBRES = 10
#: Delay of the second volley, ms; infinite where there is none.
DELAYS = (0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 15.0, 20.0, 30.0, math.inf)

# A steady current holds the cell 8 mV below its rest, where two volleys are needed. In a burst
# only the first spike of the soma is tall, so that all are counted at -30 mV.
cell = sp.PinskyRinzel(i_offset=-0.09, v_thresh=-30.0)


def network(delays: tuple[float, ...] = DELAYS, model: sp.NeuronModel = cell) -> sp.Network:
    """One cell for each delay of the second volley behind the first."""
    net = sp.Network(seed=1)
    cells = net.add(sp.Population("cells", len(delays), model))
    within = np.linspace(0.0, 1.0, FIBRES)  # ms from the first fibre of a volley to the last
    for name, starts in (("first", [0.0] * len(delays)), ("second", delays)):
        trains = [FIRST + start + within if math.isfinite(start) else [] for start in starts]
        fibres = sp.AMPA(weight=0.00066, compartment="dendrite")  # uS, each
        net.drive(cells, sp.SpikeTrains(trains, synapse=fibres), name=name)
    net.record(cells, "spikes", "v", "v_d")
    return net


def measure(delays: tuple[float, ...] = DELAYS, **how: object) -> tuple[np.ndarray, np.ndarray]:
    """Spikes of the soma, and the peak of the dendrite in mV, for each delay."""
    result = network(delays).run(150.0, **{"dt": 0.05, **how})
    after = result["cells", "v_d"].values[0, round(FIRST / 0.05) :]
    return np.ravel(result["cells"].counts()), after.max(axis=0)


def draw(path: str) -> None:
    """Soma and dendrite for three delays."""
    import matplotlib.pyplot as plt

    delays = (2.0, 20.0, math.inf)
    result = network(delays).run(150.0, dt=0.05)
    figure, axes = plt.subplots(len(delays), sharex=True, sharey=True, layout="constrained")
    for i, (delay, axis) in enumerate(zip(delays, axes)):
        for name, label in (("v", "soma"), ("v_d", "dendrite")):
            record = result["cells", name]
            axis.plot(record.times, record.values[0, :, i], label=label)
        axis.set(title=title(delay), ylabel="mV")
    axes[0].legend()
    axes[-1].set(xlabel="ms", xlim=(40.0, 120.0))
    figure.savefig(path)


def title(delay: float) -> str:
    """The delay in words."""
    return f"{delay:g} ms apart" if math.isfinite(delay) else "one alone"


if __name__ == "__main__":
    print("second volley   spikes   peak of the dendrite")
    for delay, count, peak in zip(DELAYS, *measure()):
        print(f"{title(delay):>13}   {count:6d}   {peak:17.1f} mV")
    if len(sys.argv) > 1:
        draw(sys.argv[1])
