"""A network as NeuroBench's own harness takes it."""

from __future__ import annotations

import importlib
from typing import Any

from ..errors import MissingExtraError
from ..network.network import Network

__all__ = ["neurobench_model"]


def neurobench_model(
    network: Network,
    *,
    dt: Any = 1.0,
    steps: int | None = None,
    precision: str = "float32",
    readout: str | None = None,
    answer: str | None = None,
) -> Any:
    """A ``NeuroBenchModel`` that runs a network, for NeuroBench's ``Benchmark``.

    Projections are ``Linear`` and ``Conv2d`` layers, populations are spiking neurons of snnTorch's
    kind with their potential in ``mem``, so that the harness sees them; each population steps by
    the same compiled kernels as `Network.compile` makes.

    Parameters
    ----------
    network
        The description; frozen by this.
    dt
        Step in ms.
    steps
        How long still inputs, (batch, features), are shown.
    precision
        ``"float32"`` or ``"float64"``.
    readout, answer
        As of `measure`.

    Returns
    -------
    NeuroBenchModel
        Called with (batch, steps, features...) it gives (batch, steps, answers): spikes or
        potentials of the readout (of the last step alone for ``answer="last"``), of which
        NeuroBench's ``ChooseMaxCount`` finds the class.

    Raises
    ------
    MissingExtraError
        Without neurobench, snntorch or PyTorch.
    ValidationError
        If gradients do not pass the network (see `Network.compile`), or it has what no layer of
        the harness can be: several synapses between the same two neurons.

    Examples
    --------
    >>> from neurobench.benchmarks import Benchmark                           # doctest: +SKIP
    >>> model = sp.metrics.neurobench_model(net, steps=25)                    # doctest: +SKIP
    >>> Benchmark(model, loader, [], [ChooseMaxCount()], metrics).run()       # doctest: +SKIP
    """
    try:
        modules = importlib.import_module(".harness_model", __package__)
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("neurobench", "snntorch", "torch"):
            raise
        raise MissingExtraError("NeuroBench's harness", "neurobench") from error
    return modules.model_of(network, dt, steps, precision, readout, answer)
