"""A training step in another library, as its tutorials write it: request in, row out.

Run by an interpreter that has the library; Spikestack need not be there.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import torch
from clock import peak_of, times_of
from torch import nn

F = nn.functional


class Stepwise(nn.Module):
    """snnTorch and Norse: cells that a loop calls step by step."""

    def __init__(self, name: str, shape: dict[str, int]) -> None:
        super().__init__()
        self.name, self.conv = name, "side" in shape
        if self.conv:
            self.c1, self.c2 = nn.Conv2d(2, 16, 3, padding=1), nn.Conv2d(16, 32, 3, padding=1)
        self.f = last_layer(shape)
        self.cells: Any = nn.ModuleList(self.cell() for _ in range(3 if self.conv else 1))

    def cell(self) -> Any:
        """A neuron of the library."""
        if self.name == "snntorch":
            import snntorch

            return snntorch.Leaky(beta=0.9)
        import norse.torch as norse

        return norse.LIFCell()

    def forward(self, x: Any) -> Any:
        """Spikes (steps, batch, neurons)."""
        leaky = self.name == "snntorch"
        states: list[Any] = [c.init_leaky() if leaky else None for c in self.cells]
        made = []
        for t in range(len(x)):
            z = x[t]
            if self.conv:
                z, states[0] = self.cells[0](self.c1(z), states[0])
                z, states[1] = self.cells[1](self.c2(F.avg_pool2d(z, 2)), states[1])
                z = F.avg_pool2d(z, 2).flatten(1)
            z, states[-1] = self.cells[-1](self.f(z), states[-1])
            made.append(states[-1] if leaky and self.conv else z)
        return torch.stack(made)


class Sinabs(nn.Module):
    """sinabs: layers over all steps, batch first."""

    def __init__(self, shape: dict[str, int]) -> None:
        super().__init__()
        import sinabs.layers as sl

        self.conv = "side" in shape
        if self.conv:
            self.c1, self.c2 = nn.Conv2d(2, 16, 3, padding=1), nn.Conv2d(16, 32, 3, padding=1)
        self.f = last_layer(shape)
        cells = 3 if self.conv else 1
        self.cells: Any = nn.ModuleList(sl.LIF(tau_mem=10.0) for _ in range(cells))

    def forward(self, x: Any) -> Any:
        """Spikes (steps, batch, neurons)."""
        for cell in self.cells:
            cell.reset_states()
        z = x.transpose(0, 1)
        if self.conv:
            z = each(pool, self.cells[0](each(self.c1, z)))
            z = each(pool, self.cells[1](each(self.c2, z))).flatten(2)
        return self.cells[-1](each(self.f, z)).transpose(0, 1)


def each(layer: Any, z: Any) -> Any:
    """A layer for images, on every step of every sample."""
    return layer(z.flatten(0, 1)).unflatten(0, z.shape[:2])


def pool(z: Any) -> Any:
    """Means of 2 x 2."""
    return F.avg_pool2d(z, 2)


def last_layer(shape: dict[str, int]) -> Any:
    """All to all; after the convolutions, to ten."""
    if "side" in shape:
        return nn.Linear(32 * (shape["side"] // 4) ** 2, 10)
    return nn.Linear(shape["neurons"], shape["neurons"])


def spikingjelly(shape: dict[str, int]) -> tuple[Any, Callable[[Any], Any]]:
    """SpikingJelly: layers over all steps, several steps at once."""
    from spikingjelly.activation_based import functional, layer, neuron, surrogate

    def lif() -> Any:
        how = surrogate.ATan()
        return neuron.LIFNode(tau=2.0, detach_reset=True, surrogate_function=how, step_mode="m")

    parts = []
    if "side" in shape:
        for k, (a, b) in enumerate(((2, 16), (16, 32))):
            parts += [layer.Conv2d(a, b, 3, padding=1, step_mode="m"), lif(),
                      layer.AvgPool2d(2, step_mode="m")]  # fmt: skip
            parts += [layer.Flatten(step_mode="m")] if k else []
        parts.append(layer.Linear(32 * (shape["side"] // 4) ** 2, 10, step_mode="m"))
    else:
        parts.append(layer.Linear(shape["neurons"], shape["neurons"], step_mode="m"))
    net = nn.Sequential(*parts, lif())

    def run(x: Any) -> Any:
        functional.reset_net(net)
        return net(x)

    return net, run


def main() -> None:
    """Measure what stdin asks for."""
    asked = json.load(sys.stdin)
    name, shape = asked["tool"], asked["shape"]
    torch.set_num_threads(asked["threads"])
    torch.manual_seed(0)
    size = shape["steps"], shape["batch"]
    if "side" in shape:
        x = (torch.rand(*size, 2, shape["side"], shape["side"]) < 0.05).float()
    else:
        x = torch.randn(*size, shape["neurons"]).clamp(min=0)
    y = torch.randint(0, 10, (shape["batch"],))
    if name == "spikingjelly":
        net, run = spikingjelly(shape)
    else:
        net = Sinabs(shape) if name == "sinabs" else Stepwise(name, shape)
        run = net

    def step() -> None:
        net.zero_grad()
        out = run(x)
        loss = F.cross_entropy(out.mean(0), y) if "side" in shape else out.sum()
        loss.backward()

    peak = peak_of(step, net.zero_grad)
    ((cpu, wall),) = times_of([step], asked["repeat"])
    made = {"version": version(name), "cpu_ms": cpu, "wall_ms": wall, "peak_bytes": peak}
    print(json.dumps(made))


if __name__ == "__main__":
    main()
