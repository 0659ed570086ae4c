"""Models of BrainChip's MetaTF as descriptions in the numbers of the emulated chips.

Files (``.fbz``) are read by the package akida, the extra of that name, in a process of its own.
What a model computes is known from what akida 2.19.3 computes, see ``docs/from_metatf.md``.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import FileFormatError, ValidationError, shorten
from ...network.network import Network
from ...simulation import Simulation
from .building import DRIVE, network_of_layers
from .layers import layers_of
from .opening import load, plain, process

__all__ = ["Compared", "compare", "read", "run", "samples"]


def read(model: Any, *, seed: int = 0) -> Network:
    """An Akida model as a network of layers without memory, in the chip's own numbers.

    A step is a frame: what is driven into ``"events"`` (a number for each pixel) comes out of all
    layers in the same step. ``net.run(..., on=sp.chips.Akida())`` runs it on the chip, where it
    fits.

    Parameters
    ----------
    model
        Path of a file ``.fbz``, or an `akida.Model`.
    seed
        Of the network.

    Returns
    -------
    Network
        A population for each layer, of its name and shape (channels, x, y), recorded; ``"input"``
        before a convolution of images.

    Raises
    ------
    MissingExtraError
        If akida is not installed.
    FileFormatError
        If akida cannot read the file.
    ValidationError
        If the model has layers that cannot be expressed, such as most of Akida 2.0; all of them
        are named.
    """
    if isinstance(model, str | os.PathLike):
        path = Path(model)
        return network_of_layers(layers_of(load(path), str(path)), seed)
    if not isinstance(model, process().Model):
        raise ValidationError("metatf.read", f"got {shorten(model)}", "a path or an akida.Model")
    return network_of_layers(layers_of(plain(model), "metatf.read"), seed)


def samples(images: np.ndarray) -> np.ndarray:
    """Images as what a network from `read` takes, by its drive ``"events"``.

    Parameters
    ----------
    images
        Whole numbers (samples, x, y, channels), as akida takes them.

    Returns
    -------
    numpy.ndarray
        float64 (samples, 1, channels * x * y): one step each, as ``Akida().infer`` takes them.
    """
    given = np.asarray(images)
    if given.ndim != 4 or given.dtype.kind not in "ui":
        raise ValidationError("metatf, images", f"{given.dtype} of shape {given.shape}",
                              "whole numbers (samples, x, y, channels)")  # fmt: skip
    return given.transpose(0, 3, 1, 2).reshape(len(given), 1, -1).astype(float)


def run(network: Network, images: np.ndarray) -> dict[str, np.ndarray]:
    """What every layer sends for every image, as akida lays it out.

    Parameters
    ----------
    network
        From `read`.
    images
        Whole numbers (samples, x, y, channels).

    Returns
    -------
    dict
        By layer, in order, int64 (samples, x, y, channels); of a last layer without activation its
        potentials.
    """
    given = samples(images)
    source = network.drives[DRIVE].target.population
    greatest: Any = source.model.values["most"]
    most = float(greatest)
    if given.shape[2] != source.size or given.max(initial=0) > most or given.min(initial=0) < 0:
        rule = f"(samples, x, y, channels) of {source.shape}, 0 to {most:g}"
        raise ValidationError("metatf.run, images", f"of shape {np.shape(images)}", rule)
    simulation = Simulation(network, dt=1.0, precision="float64", trials=len(given))
    for trial, image in enumerate(given):
        (at,) = np.nonzero(image[0])
        times = np.full(len(at), 1.0)
        simulation.inject(DRIVE, times=times, ids=at, counts=image[0, at], trial=trial)
    simulation.advance(1.0, progress=False)
    recorded = simulation.recording()
    made = {}
    for probe in network.probes:
        layer = probe.target.population
        if probe.variable == "spikes":
            found = np.zeros((len(given), layer.size), np.int64)
            spikes: Any = recorded[layer.name]
            found[spikes.trials, spikes.ids] = spikes.values
        else:
            found = np.asarray(recorded[layer.name, "v"].values)[:, 0].astype(np.int64)
        made[layer.name] = found.reshape(len(given), *layer.shape).transpose(0, 2, 3, 1)
    return made


@dataclass(frozen=True)
class Compared:
    """One layer, here and in akida.

    Attributes
    ----------
    layer
        Its name.
    values
        How many were compared.
    different
        How many of them differ.
    greatest
        The greatest difference.
    """

    layer: str
    values: int
    different: int
    greatest: int


def compare(model: Any, images: np.ndarray) -> list[Compared]:
    """Outputs of every layer beside those of akida's own software.

    Parameters
    ----------
    model
        As `read` takes it.
    images
        uint8 (samples, x, y, channels).

    Returns
    -------
    list of Compared
        By layer, in order.
    """
    akida, ours = process(), run(read(model), images)
    found = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.fbz"
        if isinstance(model, str | os.PathLike):
            path = Path(model)
        else:
            model.save(str(path))
        try:
            cut = akida.Model(str(path))
            for name in reversed(ours):
                while cut.layers[-1].name != name:
                    cut.pop_layer()
                theirs = np.asarray(cut.forward(np.asarray(images, np.uint8)), np.int64)
                apart = np.abs(ours[name] - theirs)
                found.append(Compared(name, apart.size, int((apart != 0).sum()), int(apart.max())))
        except RuntimeError as error:
            raise FileFormatError(f"{path}: {error}") from error
    return found[::-1]
