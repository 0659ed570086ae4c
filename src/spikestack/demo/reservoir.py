"""The reservoir: a recurrent network of excitatory and inhibitory neurons (Maass et al. 2002)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..network import Network, Population
from ..network.inputs import SpikeTrains
from ..network.rules import FixedInDegree, FixedProbability
from ..neurons.lif import LIF
from ..neurons.spike_source import SpikeSource
from ..recording import Recording
from ..synapses.exponential_current import ExponentialCurrent
from ..values import Normal, Uniform
from .encode import SHOWN

__all__ = ["DT", "DURATION", "features", "reservoir"]

#: Step, and how long a trial lasts: the image, and some time for the reservoir to answer (ms).
DT, DURATION = 0.5, SHOWN + 20.0
#: Windows in which spikes are counted for the readout.
WINDOWS = 2


def reservoir(
    trains: SpikeTrains, pixels: int, size: int = 1000, recurrent: bool = True, seed: int = 1
) -> Network:
    """Describe the reservoir: four excitatory neurons to one inhibitory, driven by `pixels` inputs.

    Parameters
    ----------
    trains
        Spikes of the input neurons.
    pixels, size
        Input neurons, and neurons of the reservoir.
    recurrent
        Whether the reservoir's own projections are there.
    seed
        Of connections and initial potentials.
    """
    net = Network(seed)
    cell: dict[str, Any] = {"v": Uniform(-65.0, -55.0), "tau_refrac": 2.0}
    inputs = net.add(Population("input", pixels, SpikeSource()))
    exc = net.add(Population("exc", size - size // 5, LIF(tau_m=20.0, **cell)))
    inh = net.add(Population("inh", size // 5, LIF(tau_m=10.0, **cell)))
    for target in (exc, inh):
        sparse = ExponentialCurrent(weight=Normal(0.3, 0.3), delay=1.0)
        net.connect(inputs, target, FixedInDegree(min(8, pixels)), sparse)
    if recurrent:
        delay = Uniform(1.0, 5.0)
        excite = ExponentialCurrent(weight=0.1, delay=delay)
        inhibit = ExponentialCurrent(weight=-0.3, delay=delay)
        net.connect(exc, exc, FixedProbability(0.02, autapses=False), excite)
        net.connect(exc, inh, FixedProbability(0.05), excite)
        net.connect(inh, exc, FixedProbability(0.1), inhibit)
        net.connect(inh, inh, FixedProbability(0.1, autapses=False), inhibit)
    net.drive(inputs, trains)
    for population in (inputs, exc, inh):
        net.record(population, "spikes")
    return net


def features(result: Recording) -> np.ndarray:
    """What the readout sees: spike counts of reservoir neurons in each window, and nothing else.

    Returns
    -------
    numpy.ndarray of float32
        Shape (trials, windows x reservoir neurons).
    """
    columns = []
    for name in ("exc", "inh"):
        record = result.spikes[name]
        window = np.minimum((record.times - 1e-9) * WINDOWS // DURATION, WINDOWS - 1)
        counts = np.zeros((record.n_trials, WINDOWS, record.size), dtype=np.float32)
        np.add.at(counts, (record.trials, window.astype(np.int64), record.ids), 1.0)
        columns.append(counts.reshape(record.n_trials, -1))
    return np.concatenate(columns, axis=1)
