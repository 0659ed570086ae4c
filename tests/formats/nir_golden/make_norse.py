"""Golden cases of Norse: its own cells, exporter and forward pass (see README.md)."""

from __future__ import annotations

from typing import Any

import norse
import norse.torch as nt
import numpy as np
import saving
import torch
from torch import nn

CELLS = (nt.LIFBoxCell, nt.LIFCell, nt.LIBoxCell, nt.IAFCell)
VERSION = norse.__version__ if hasattr(norse, "__version__") else "1.1.0"


def spread(n: int, low: float, high: float) -> torch.Tensor:
    return torch.linspace(low, high, n)


def lif_box(n: int, leak: float = 0.0) -> nt.LIFBoxCell:
    return nt.LIFBoxCell(
        nt.LIFBoxParameters(
            tau_mem_inv=1 / spread(n, 5e-3, 2e-2),
            v_leak=torch.full((n,), leak),
            v_th=torch.full((n,), 1.0),
        )
    )


def lif(n: int) -> nt.LIFCell:
    return nt.LIFCell(
        nt.LIFParameters(
            tau_syn_inv=1 / spread(n, 2e-3, 8e-3),
            tau_mem_inv=1 / spread(n, 5e-3, 2e-2),
            v_leak=torch.zeros(n),
            v_th=torch.full((n,), 1.0),
        )
    )


def li_box(n: int) -> nt.LIBoxCell:
    parameters = nt.LIBoxParameters(tau_mem_inv=1 / spread(n, 5e-3, 2e-2), v_leak=torch.zeros(n))
    return nt.LIBoxCell(parameters)


def iaf(n: int) -> nt.IAFCell:
    return nt.IAFCell(nt.IAFParameters(v_th=torch.full((n,), 1.0)))


def make(case: str, layers: list[nn.Module], given: np.ndarray, to_nir_dt: float = 1.0) -> None:
    net = nt.SequentialState(*layers)
    sample = torch.from_numpy(given[0])
    graph = nt.to_nir(net, sample, dt=to_nir_dt)
    if any(isinstance(layer, nn.Conv2d) for layer in layers):
        graph.infer_types()  # else Conv2d.input_shape is None and nir.write fails
    outputs: dict[str, list] = {}
    membranes: dict[str, list] = {}

    def keep(name: str, _layer: nn.Module, _given: Any, out: Any) -> None:
        outputs.setdefault(name, []).append(out[0].detach().numpy())
        membranes.setdefault(name, []).append(out[1].v.detach().numpy())

    for name, layer in net.named_children():
        if isinstance(layer, CELLS):
            layer.register_forward_hook(lambda m, i, o, name=name: keep(name, m, i, o))
    state = None
    for x in given:
        _, state = net(torch.from_numpy(x), state)
    saving.save(
        "norse",
        case,
        graph,
        given,
        {name: np.stack(v) for name, v in outputs.items()},
        {name: np.stack(v) for name, v in membranes.items()},
        version=VERSION,
        dt=1e-3,
        options={"to_nir_dt": to_nir_dt},
    )


def convolutions(*, seed: int) -> list[nn.Module]:
    def neurons(*shape: int) -> nt.LIFBoxCell:
        return nt.LIFBoxCell(
            nt.LIFBoxParameters(
                tau_mem_inv=torch.full(shape, 1 / 1e-2),
                v_leak=torch.zeros(shape),
                v_th=torch.full(shape, 1.0),
            )
        )

    torch.manual_seed(saving.seeded(seed))
    layers = [nn.Conv2d(2, 3, 3, padding=1), neurons(3, 6, 6)]
    layers += [nn.Conv2d(3, 2, 3, stride=2, groups=1), neurons(2, 2, 2)]
    layers[0].weight.data = layers[0].weight.data * 10 + 0.2
    layers[2].weight.data = layers[2].weight.data * 10 + 0.3
    return layers


def linear(n: int, m: int, gain: float, shift: float, **kwargs) -> nn.Linear:
    layer = nn.Linear(n, m, **kwargs)
    layer.weight.data = layer.weight.data * gain + shift
    return layer


def main() -> None:
    x = saving.spikes_in((12,), 11)
    torch.manual_seed(saving.seeded(11))
    dense = [linear(12, 16, 12, 0.2), lif_box(16), linear(16, 8, 12, 2, bias=False), lif_box(8)]
    make("lif_box", dense, x)
    make("lif_box_default_dt", dense, x, to_nir_dt=1e-3)
    make(
        "lif_box_leak",
        [linear(12, 16, 8, 0.2), lif_box(16, 0.3), linear(16, 8, 8, 1), lif_box(8, -0.2)],
        x,
    )
    make("lif", [linear(12, 16, 4, 0.1), lif(16), linear(16, 8, 4, 0.7), lif(8)], x)
    make("li_readout", [linear(12, 16, 12, 0.2), lif_box(16), linear(16, 8, 5, 0.0), li_box(8)], x)
    make("iaf", [linear(12, 16, 1, 0.02), iaf(16), linear(16, 8, 1, 0.05), iaf(8)], x)
    make("conv", convolutions(seed=12), saving.spikes_in((2, 6, 6), 12))


if __name__ == "__main__":
    main()
