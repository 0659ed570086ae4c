"""Golden cases of snnTorch: its own networks, exporter and forward pass (see README.md)."""

from __future__ import annotations

from typing import Any

import numpy as np
import saving
import snntorch as snn
import torch
from snntorch.export_nir import export_to_nir
from torch import nn

VERSION = snn.__version__
NEURONS = (snn.Leaky, snn.Synaptic, snn.RLeaky, snn.RSynaptic)


def filled(n: int, value: float) -> torch.Tensor:
    """A parameter for each neuron: one number for a layer is written without a shape."""
    return torch.full((n,), value)


def spread(n: int, low: float, high: float) -> torch.Tensor:
    return torch.linspace(low, high, n)


def forward(net: nn.Sequential, given: np.ndarray) -> tuple[dict, dict]:
    """Outputs and membranes of each neuron layer, by module name."""
    layers = {name: m for name, m in net.named_children() if isinstance(m, NEURONS)}
    spikes: dict[str, list] = {name: [] for name in layers}
    membranes: dict[str, list] = {name: [] for name in layers}

    def keep(name: str, layer: nn.Module, out: Any) -> None:
        spikes[name].append((out[0] if isinstance(out, tuple) else out)[0].detach().numpy())
        membranes[name].append(layer.mem[0].detach().numpy().copy())

    for name, layer in layers.items():
        layer.register_forward_hook(lambda m, _given, out, name=name: keep(name, m, out))
    for x in given:
        net(torch.from_numpy(x)[None])
    stack = lambda d: {name: np.stack(v) for name, v in d.items()}  # noqa: E731
    return stack(spikes), stack(membranes)


def make(case: str, net: nn.Sequential, given: np.ndarray, options: dict[str, Any], **more) -> None:
    sample = torch.from_numpy(given[0])[None]
    graph = export_to_nir(net, sample, model_name="snntorch", ignore_dims=[0])
    for layer in net.children():
        if isinstance(layer, NEURONS):
            layer.reset_mem()
    spikes, membranes = forward(net, given)
    for name in [name for name in spikes if name not in graph.nodes]:
        spikes[f"{name}.lif"] = spikes.pop(name)
        membranes[f"{name}.lif"] = membranes.pop(name)
    thresholds = {
        name: net.get_submodule(name.removesuffix(".lif")).threshold.numpy() for name in spikes
    }
    saving.save(
        "snntorch",
        case,
        graph,
        given,
        spikes,
        membranes,
        version=VERSION,
        dt=1e-4,
        options=options,
        margin=saving.smallest_margin(membranes, thresholds),
        **more,
    )


def leaky(n: int, seed: int, **kwargs) -> snn.Leaky:
    del seed
    return snn.Leaky(
        beta=spread(n, 0.7, 0.95), threshold=filled(n, 1.0), init_hidden=True, **kwargs
    )


def dense(seed: int, **kwargs) -> nn.Sequential:
    torch.manual_seed(saving.seeded(seed))
    net = nn.Sequential(
        nn.Linear(12, 16),
        leaky(16, seed, **kwargs),
        nn.Linear(16, 8, bias=False),
        leaky(8, seed, **kwargs),
    )
    net[0].weight.data *= 3
    net[2].weight.data = net[2].weight.data * 3 + 0.15
    return net


def synaptic(seed: int, **kwargs) -> nn.Sequential:
    torch.manual_seed(saving.seeded(seed))

    def layer(n: int) -> snn.Synaptic:
        return snn.Synaptic(
            alpha=spread(n, 0.5, 0.8),
            beta=spread(n, 0.7, 0.95),
            threshold=filled(n, 1.0),
            init_hidden=True,
            **kwargs,
        )

    net = nn.Sequential(nn.Linear(12, 16), layer(16), nn.Linear(16, 8), layer(8))
    net[2].weight.data += 0.05
    return net


def recurrent(seed: int, kind: type, **kwargs) -> nn.Sequential:
    torch.manual_seed(saving.seeded(seed))
    more = {"alpha": 0.6} if kind is snn.RSynaptic else {}
    one = {"all_to_all": True, "linear_features": 16} | kwargs
    layer = kind(beta=0.8, threshold=1.0, init_hidden=True, **more, **one)
    net = nn.Sequential(
        nn.Linear(12, 16),
        layer,
        nn.Linear(16, 8),
        leaky(8, seed, reset_mechanism=layer.reset_mechanism),
    )
    net[0].weight.data *= 2
    net[2].weight.data = net[2].weight.data * 2 + 0.1
    return net


def convolution(seed: int) -> nn.Sequential:
    torch.manual_seed(saving.seeded(seed))
    shape = (3, 6, 6)
    neurons = snn.Leaky(
        beta=torch.full(shape, 0.8), threshold=torch.full(shape, 1.0), init_hidden=True
    )
    net = nn.Sequential(
        nn.Conv2d(2, 3, 3, padding=1),
        neurons,
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(27, 5),
        leaky(5, seed),
    )
    net[0].weight.data = net[0].weight.data * 2 + 0.05
    net[4].weight.data = net[4].weight.data * 2 + 0.2
    return net


def main() -> None:
    x = saving.spikes_in((12,), 1)
    for name in ("subtract", "zero"):
        for delayed in (True, False):
            choice = {"reset_mechanism": name, "reset_delay": delayed}
            suffix = f"{name}{'_delayed' if delayed else ''}"
            make(f"leaky_{suffix}", dense(1, **choice), x, choice)
            make(f"synaptic_{suffix}", synaptic(2, **choice), x, choice)
    choice = {"reset_mechanism": "subtract", "reset_delay": True}
    make("leaky_values", dense(3, **choice), saving.values_in((12,), 2), choice)
    make("rleaky_subtract_delayed", recurrent(4, snn.RLeaky), x, choice)
    make("rsynaptic_subtract_delayed", recurrent(5, snn.RSynaptic), x, choice)
    one_to_one = dict(all_to_all=False, V=spread(16, -0.5, 0.5), linear_features=None)
    make("rleaky_one_to_one", recurrent(6, snn.RLeaky, **one_to_one), x, choice)
    zero = choice | {"reset_mechanism": "zero"}
    make("rleaky_zero_delayed", recurrent(7, snn.RLeaky, reset_mechanism="zero"), x, zero)
    make("conv", convolution(8), saving.spikes_in((2, 6, 6), 3), choice)


if __name__ == "__main__":
    main()
