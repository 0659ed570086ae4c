"""Golden cases of Sinabs: its own layers, exporter and forward pass (see README.md)."""

from __future__ import annotations

from importlib.metadata import version

import numpy as np
import saving
import sinabs.layers as sl
import torch
from sinabs.activation import MembraneReset, SingleSpike
from sinabs.nir import to_nir
from torch import nn

NEURONS = (sl.LIFSqueeze, sl.IAFSqueeze, sl.ExpLeakSqueeze)


def linear(n: int, m: int, gain: float, shift: float, **kwargs) -> nn.Linear:
    made = nn.Linear(n, m, **kwargs)
    made.weight.data = made.weight.data * gain + shift
    return made


def quarters(n: int, m: int, seed: int) -> nn.Linear:
    """Weights of whole quarters: membranes of integrate-and-fire neurons meet 1 exactly."""
    made = nn.Linear(n, m, bias=False)
    draw = np.random.default_rng(saving.seeded(seed)).integers(-2, 4, (m, n)) / 4
    made.weight.data = torch.from_numpy(draw.astype(np.float32))
    return made


def taus(n: int, low: float, high: float) -> torch.Tensor:
    return torch.linspace(low, high, n)


def lif(n: int, **kwargs) -> sl.LIFSqueeze:
    kwargs = {"norm_input": False, "spike_threshold": torch.ones(n)} | kwargs
    return sl.LIFSqueeze(tau_mem=taus(n, 3.0, 9.0), batch_size=1, **kwargs)


def iaf(**kwargs) -> sl.IAFSqueeze:
    return sl.IAFSqueeze(batch_size=1, **kwargs)


def readout(n: int, **kwargs) -> sl.ExpLeakSqueeze:
    return sl.ExpLeakSqueeze(tau_mem=taus(n, 3.0, 9.0), batch_size=1, **kwargs)


def make(case: str, given: np.ndarray, *layers: nn.Module, **options) -> None:
    net = nn.Sequential(*layers)
    x = torch.from_numpy(given)
    outputs: dict[str, np.ndarray] = {}
    membranes: dict[str, list] = {}
    with torch.no_grad():
        net(x[:1])
        graph = to_nir(net, x[:1])
        if any(isinstance(layer, nn.Conv2d) for layer in layers):
            graph.infer_types()
        for name, layer in net.named_children():
            pieces = []
            if isinstance(layer, NEURONS):
                layer.reset_states()
                membranes[name] = []
            for piece in x:
                pieces.append(layer(piece[None]))
                if name in membranes:
                    membranes[name].append(layer.v_mem[0].numpy().copy())
            x = torch.cat(pieces)
            if name in membranes:
                outputs[name] = x.numpy()
    saving.save(
        "sinabs",
        case,
        graph,
        given,
        outputs,
        {name: np.stack(v) for name, v in membranes.items()},
        version=version("sinabs"),
        dt=1.0,
        options=options,
    )


def main() -> None:
    given = saving.spikes_in((12,), 31)
    torch.manual_seed(saving.seeded(31))
    wide, narrow = (12, 16), (16, 8)
    make("lif", given, linear(*wide, 2, 0.05), lif(16), linear(*narrow, 2, 0.1, bias=False), lif(8))
    one = {"spike_fn": SingleSpike}
    single = [lif(16, **one), lif(8, **one)]
    make(
        "lif_single", given, linear(*wide, 3, 0.1), single[0], linear(*narrow, 3, 0.2), single[1],
        spikes="single",
    )  # fmt: skip
    to_zero = [lif(16, **one, reset_fn=MembraneReset()), lif(8, **one, reset_fn=MembraneReset())]
    make(
        "lif_reset", given, linear(*wide, 3, 0.1), to_zero[0], linear(*narrow, 3, 0.2), to_zero[1],
        spikes="single", reset="zero",
    )  # fmt: skip
    normed = [lif(n, norm_input=True) for n in (16, 8)]
    make(
        "lif_norm_input", given, linear(*wide, 8, 0.4), normed[0], linear(*narrow, 8, 1.0),
        normed[1], norm_input=True,
    )  # fmt: skip
    make("iaf", given, linear(*wide, 1, 0.05), iaf(), linear(*narrow, 1, 0.1), iaf())
    make("iaf_ties", given, quarters(*wide, 1), iaf(), quarters(*narrow, 2), iaf())
    floored = [iaf(min_v_mem=-1.0), iaf(min_v_mem=-1.0)]
    make(
        "iaf_floor", given, linear(*wide, 2, 0.0), floored[0], linear(*narrow, 2, 0.0), floored[1],
        min_v_mem=-1.0,
    )  # fmt: skip
    make(
        "li_readout", given, linear(*wide, 2, 0.05), lif(16), linear(*narrow, 1, 0.0),
        readout(8, norm_input=False),
    )  # fmt: skip
    convolution = nn.Conv2d(2, 3, 3, padding=1, bias=False)
    convolution.weight.data = convolution.weight.data * 2 + 0.05
    pooled = [convolution, iaf(), sl.SumPool2d(2), nn.Flatten(), linear(27, 5, 0.5, 0.02), iaf()]
    make("conv", saving.spikes_in((2, 6, 6), 32), *pooled)


if __name__ == "__main__":
    main()
