"""Golden cases of Rockpool: its own modules, exporter and forward pass (see README.md)."""

from __future__ import annotations

from importlib.metadata import version

import numpy as np
import saving
import torch
from rockpool.nn.combinators import Sequential
from rockpool.nn.modules import ExpSynTorch, LIFTorch, LinearTorch, to_nir
from rockpool.parameters import Constant

DT = 1e-3
SPIKING = ("LIFTorch", "ExpSynTorch")


def linear(n: int, m: int, gain: float, shift: float, **kwargs) -> LinearTorch:
    draw = torch.randn(n, m) / n**0.5 * gain + shift
    return LinearTorch((n, m), weight=draw, **kwargs)


def lif(n: int, **kwargs) -> LIFTorch:
    return LIFTorch(
        n,
        tau_mem=torch.linspace(5e-3, 2e-2, n),
        tau_syn=torch.linspace(2e-3, 8e-3, n)[:, None],
        threshold=torch.ones(n),
        bias=torch.zeros(n),
        dt=DT,
        **kwargs,
    )


def make(case: str, given: np.ndarray, *layers, **options) -> None:
    net = Sequential(*layers)
    graph = to_nir(net)
    net.reset_state()  # the exporter runs the network and leaves its state behind
    value = torch.from_numpy(given)[None]
    outputs, membranes = {}, {}
    for name in net._submodulenames:
        layer = getattr(net, name)
        value, _, record = layer(value, record=True)
        if name.endswith(SPIKING):
            outputs[name] = value[0].detach().numpy()
        if name.endswith("LIFTorch"):
            membranes[name] = record["vmem"][0].detach().numpy()
    saving.save(
        "rockpool",
        case,
        graph,
        given,
        outputs,
        membranes,
        version=version("rockpool"),
        dt=DT,
        options=options,
    )


def main() -> None:
    x = saving.spikes_in((12,), 51)
    torch.manual_seed(saving.seeded(51))
    make("lif", x, linear(12, 16, 0.2, 0.01), lif(16), linear(16, 8, 0.2, 0.02), lif(8))
    biased = {"has_bias": True, "bias": torch.linspace(-0.05, 0.05, 16)}
    strong = linear(12, 16, 1.0, 0.03, **biased)
    make("lif_many_spikes", x, strong, lif(16), linear(16, 8, 0.1, 0.02), lif(8))
    readout = ExpSynTorch(8, tau=Constant(torch.linspace(5e-3, 2e-2, 8)), dt=DT)
    make("li_readout", x, linear(12, 16, 0.2, 0.01), lif(16), linear(16, 8, 0.5, 0.0), readout)


if __name__ == "__main__":
    main()
