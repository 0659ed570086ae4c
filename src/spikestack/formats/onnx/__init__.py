"""ONNX: one step of a network as a graph of standard operators, to run wherever ONNX runs.

``write`` exports; ``run`` runs an exported file step by step. Networks of rectifiers are read from
ONNX by `sp.convert`.
"""

from __future__ import annotations

import os
from pathlib import Path

from ...errors import ValidationError
from ...network.network import Network
from ...settings import checked_dt
from ..whole import replacing
from .running import inputs_of, run
from .stepping import stepped

__all__ = ["inputs_of", "run", "write"]

#: Bytes of an ONNX file, which is one message of protocol buffers.
_LARGEST = 2**31 - 1


def write(network: Network, path: str | os.PathLike[str], *, dt: float = 1.0) -> Path:
    """Write one step of a network as an ONNX model: states and inputs in, states and spikes out.

    States are in single precision, and every sum of synaptic input is exact, so that spikes are
    those of ``net.run`` in single precision; only where a model computes exponentials or logarithms
    while it runs may the last digit differ.

    Every input is (batch, ...). Inputs ``"drive.NAME"`` are what a drive feeds in this step: how
    many events, or nA, of each driven neuron; left out, nothing. Other inputs are states, such as
    ``"out.v"``, and have the network's initial state as default; what they are after the step is
    the output ``"next.out.v"``. Outputs ``"out.spikes"`` are what neurons send. The metadata entry
    ``"spikestack"`` says all of this as JSON, with units and ``dt_ms``.

    Parameters
    ----------
    network
        The description; frozen by this.
    path
        Where to; written whole, or not at all.
    dt
        ms of the step.

    Returns
    -------
    Path
        Of the file.

    Raises
    ------
    MissingExtraError
        If the package onnx is not installed.
    ValidationError
        If the network has what one step does not compute of its inputs: plasticity, random
        numbers, gap junctions, devices; or if it is too large. All of it is named.
    """
    data = stepped(network, checked_dt(dt))
    if data.ByteSize() > _LARGEST:
        raise ValidationError("onnx.write", f"{data.ByteSize() / 1e9:.1f} GB",
                              f"at most {_LARGEST / 1e9:.1f} GB")  # fmt: skip
    target = Path(path)
    with replacing(target) as beside:
        beside.write_bytes(data.SerializeToString(deterministic=True))
    return target
