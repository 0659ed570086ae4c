"""The reservoir: a recurrent network of excitatory and inhibitory neurons (Maass et al. 2002)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...network import Network, Population
from ...network.inputs import SpikeTrains
from ...network.rules import FixedInDegree
from ...neurons.lif import LIF
from ...neurons.spike_source import SpikeSource
from ...recording import Recording
from ...synapses.exponential_current import ExponentialCurrent
from ...values import Uniform
from .encode import SHOWN

__all__ = ["DEFAULTS", "DT", "DURATION", "RESERVOIR", "Settings", "counts", "reservoir"]

#: Step, and how long a trial lasts: the image, and some time for the reservoir to answer (ms).
DT, DURATION = 0.5, SHOWN + 15.0
#: The populations that the readout sees.
RESERVOIR = ("exc", "inh")


@dataclass(frozen=True)
class Settings:
    """What shapes the reservoir; the defaults were chosen on the development images alone.

    Among settings of like accuracy there, those with few spikes were taken, for speed.

    Weights are the means, in nA, of uniform distributions that begin or end at 0.
    """

    cm: float = 0.2
    tau_refrac: float = 5.0
    tau_exc: float = 10.0
    tau_inh: float = 10.0
    fan_in: int = 5
    w_in: float = 1.4
    k_exc: int = 20
    k_inh_exc: int = 20
    k_inh_inh: int = 10
    w_ee: float = 0.04
    w_ei: float = 0.03
    w_ie: float = -0.05
    w_ii: float = -0.05
    tau_syn_exc: float = 2.0
    tau_syn_inh: float = 8.0
    longest_delay: float = 8.0


DEFAULTS = Settings()


def reservoir(
    trains: SpikeTrains,
    pixels: int,
    size: int = 1000,
    recurrent: bool = True,
    seed: int = 1,
    settings: Settings = DEFAULTS,
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
        Of connections, weights and delays.
    settings
        Everything else.

    Returns
    -------
    Network
        Populations ``"pixels"``, ``"exc"`` and ``"inh"``, their spikes recorded.
    """
    net, s = Network(seed), settings
    cell: dict[str, Any] = {"cm": s.cm, "tau_refrac": s.tau_refrac}
    inputs = net.add(Population("pixels", pixels, SpikeSource()))
    exc = net.add(Population("exc", size - size // 5, LIF(tau_m=s.tau_exc, **cell)))
    inh = net.add(Population("inh", size // 5, LIF(tau_m=s.tau_inh, **cell)))
    net.drive(inputs, trains)
    near, far = Uniform(0.5, 2.0), Uniform(1.0, s.longest_delay)
    plan = [
        (inputs, exc, s.fan_in, s.w_in, near, s.tau_syn_exc),
        (inputs, inh, s.fan_in, s.w_in, near, s.tau_syn_exc),
    ]
    if recurrent:
        plan += [
            (exc, exc, s.k_exc, s.w_ee, far, s.tau_syn_exc),
            (exc, inh, s.k_exc, s.w_ei, far, s.tau_syn_exc),
            (inh, exc, s.k_inh_exc, s.w_ie, far, s.tau_syn_inh),
            (inh, inh, s.k_inh_inh, s.w_ii, far, s.tau_syn_inh),
        ]
    for pre, post, k, weight, delay, tau in plan:
        spread = Uniform(min(0.0, 2 * weight), max(0.0, 2 * weight))
        synapse = ExponentialCurrent(weight=spread, delay=delay, tau_syn=tau)
        net.connect(pre, post, FixedInDegree(k), synapse)
    for population in (inputs, exc, inh):
        net.record(population, "spikes")
    return net


def counts(result: Recording, names: tuple[str, ...] = RESERVOIR, windows: int = 1) -> np.ndarray:
    """Spikes of each neuron in each window of time, trial by trial, and nothing else.

    Parameters
    ----------
    result
        A run of `reservoir`.
    names
        The populations whose spikes are counted.
    windows
        Into how many equal parts the trial is cut.

    Returns
    -------
    numpy.ndarray of float64
        Shape (trials, neurons x windows).
    """
    columns = []
    for name in names:
        record = result.spikes[name]
        whole = round(record.duration / record.dt)
        # A spike ends the step that it is stamped with: step 1 is the first of the first window.
        window = (record.steps - 1) * windows // whole
        place = (record.trials.astype(np.int64) * record.size + record.ids) * windows + window
        found = np.bincount(place, minlength=record.n_trials * record.size * windows)
        columns.append(found.reshape(record.n_trials, -1))
    return np.concatenate(columns, axis=1).astype(np.float64)
