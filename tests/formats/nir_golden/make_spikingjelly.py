"""Golden cases of SpikingJelly: its own neurons, exporter and forward pass (see README.md)."""

from __future__ import annotations

import logging
from importlib.metadata import version
from typing import Any

import numpy as np
import saving
import torch
from spikingjelly.activation_based import functional, layer, neuron
from spikingjelly.activation_based.nir_exchange import export_to_nir
from torch import nn

logging.disable(logging.INFO)
DT = 1e-3


def linear(n: int, m: int, gain: float, shift: float, **kwargs) -> nn.Linear:
    made = layer.Linear(n, m, **kwargs)
    made.weight.data = made.weight.data * gain + shift
    return made


def quarters(n: int, m: int, seed: int) -> nn.Linear:
    """Weights of whole quarters: membranes of integrate-and-fire neurons meet 1 exactly."""
    made = layer.Linear(n, m, bias=False)
    draw = np.random.default_rng(saving.seeded(seed)).integers(-2, 4, (m, n)) / 4
    made.weight.data = torch.from_numpy(draw.astype(np.float32))
    return made


def make(case: str, given: np.ndarray, *layers: nn.Module, **options) -> None:
    net = nn.Sequential(*layers)
    functional.set_step_mode(net, "s")
    graph = export_to_nir(net, torch.from_numpy(given[0])[None], dt=DT)
    named = {f"_{name}": m for name, m in net.named_children() if isinstance(m, neuron.BaseNode)}
    names = {name: (name if name in graph.nodes else name.removeprefix("_")) for name in named}
    spikes: dict[str, list] = {name: [] for name in names.values()}
    membranes: dict[str, list] = {name: [] for name in names.values()}

    def keep(name: str, module: nn.Module, _given: Any, out: Any) -> None:
        spikes[name].append(out[0].detach().numpy().copy())
        membranes[name].append(module.v[0].detach().numpy().copy())

    for name, module in named.items():
        module.register_forward_hook(lambda m, i, o, name=names[name]: keep(name, m, i, o))
    functional.reset_net(net)
    for x in given:
        net(torch.from_numpy(x)[None])
    saving.save(
        "spikingjelly",
        case,
        graph,
        given,
        {name: np.stack(v) for name, v in spikes.items()},
        {name: np.stack(v) for name, v in membranes.items()},
        version=version("spikingjelly"),
        dt=DT,
        options=options,
    )


def main() -> None:
    x = saving.spikes_in((12,), 21)
    torch.manual_seed(saving.seeded(21))
    LIF, PLIF, IF, CubaLIF = (
        neuron.LIFNode,
        neuron.ParametricLIFNode,
        neuron.IFNode,
        neuron.CUBALIFNode,
    )
    wide, narrow = (12, 16), (16, 8)
    make("lif", x, linear(*wide, 5, 0.2), LIF(4.0), linear(*narrow, 6, 0.6, bias=False), LIF(3.0))
    plain = [LIF(tau, decay_input=False) for tau in (4.0, 3.0)]
    make(
        "lif_undecayed_input",
        x,
        linear(*wide, 2, 0.05),
        plain[0],
        linear(*narrow, 2, 0.2),
        plain[1],
    )
    resets = [LIF(4.0, v_reset=-0.25), LIF(3.0, v_reset=0.2)]
    make("lif_reset_value", x, linear(*wide, 5, 0.2), resets[0], linear(*narrow, 6, 0.9), resets[1])
    learnt = [PLIF(2.5), PLIF(2.0, decay_input=False)]
    make("plif", x, linear(*wide, 4, 0.2), learnt[0], linear(*narrow, 4, 0.6), learnt[1])
    make("if", x, linear(*wide, 1, 0.05), IF(), linear(*narrow, 1, 0.1), IF())
    make("if_ties", x, quarters(*wide, 1), IF(), quarters(*narrow, 2), IF())
    cuba = [CubaLIF(0.5, 0.7), CubaLIF(0.6, 0.8)]
    make("cuba_lif", x, linear(*wide, 1, 0.0), cuba[0], linear(*narrow, 1, 0.05), cuba[1])
    convolution = layer.Conv2d(2, 3, 3, padding=1)
    convolution.weight.data = convolution.weight.data * 4 + 0.05
    pooled = [convolution, LIF(3.0), layer.AvgPool2d(2), layer.Flatten()]
    make("conv", saving.spikes_in((2, 6, 6), 22), *pooled, linear(27, 5, 4, 0.4), IF())


if __name__ == "__main__":
    main()
