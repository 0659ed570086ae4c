"""One sample as the ordinary input of a network."""

from __future__ import annotations

import numpy as np

from ..errors import ValidationError
from ..network.files import network_of, plain_with_arrays
from ..network.inputs import SpikeTrains
from ..network.network import Network

__all__ = ["with_sample"]


def with_sample(
    network: Network, sample: np.ndarray, drive: str = "events", dt: float = 1.0
) -> Network:
    """The network with a sample in place of an input that comes from outside.

    Parameters
    ----------
    network
        The description, which stays as it is.
    sample
        How often each neuron of the drive sends in each step, (steps, neurons).
    drive
        Name of the `ExternalSpikes`.
    dt
        ms of a step.
    """
    if drive not in network.drives:
        names = ", ".join(map(repr, network.drives)) or "a drive"
        raise ValidationError(f"drive {drive!r}", "is none of the network's", names)
    target = network.drives[drive].target
    if np.ndim(sample) != 2 or np.shape(sample)[1] != target.size:
        raise ValidationError("sample", f"of shape {np.shape(sample)}", f"(steps, {target.size})")
    header, arrays = plain_with_arrays(network)
    header["drives"] = [d for d in header["drives"] if d["name"] != drive]
    made = network_of(header, arrays)
    step, unit = np.nonzero(sample)
    often = np.asarray(sample)[step, unit].astype(int)
    trains = SpikeTrains(times=np.repeat((step + 1.0) * dt, often), ids=np.repeat(unit, often))
    population = made[target.population.name]
    made.drive(population if target.is_whole else population[target.ids], trains, name=drive)
    return made
