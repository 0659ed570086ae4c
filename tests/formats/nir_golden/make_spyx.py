"""Golden cases of Spyx: its own layers, exporter and forward pass (see README.md)."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import jax.numpy as jnp
import numpy as np
import saving
from flax import nnx
from spyx import nn
from spyx.nir import to_nir

DT = 1e-3
SPIKING = (nn.LIF, nn.IF, nn.CuBaLIF, nn.RLIF, nn.RCuBaLIF, nn.RIF, nn.PSU_LIF)


def linear(n: int, m: int, seed: int, gain: float, shift: float, bias: bool = True) -> nnx.Linear:
    made = nnx.Linear(n, m, use_bias=bias, rngs=nnx.Rngs(saving.seeded(seed)))
    draw = (
        np.random.default_rng(saving.seeded(seed)).standard_normal((n, m)) / np.sqrt(n) * gain
        + shift
    )
    made.kernel[...] = jnp.array(draw.astype(np.float32))
    return made


def decays(n: int, low: float, high: float) -> Any:
    return jnp.linspace(low, high, n, dtype=jnp.float32)


def neurons(kind: type, n: int, seed: int = 0) -> Any:
    made = kind((n,), rngs=nnx.Rngs(saving.seeded(seed)))
    if hasattr(made, "beta"):
        made.beta[...] = decays(n, 0.7, 0.9)
    if hasattr(made, "alpha"):
        made.alpha[...] = decays(n, 0.4, 0.6)
    if hasattr(made, "recurrent_w"):
        draw = np.random.default_rng(saving.seeded(seed)).standard_normal((n, n)) * 0.2
        made.recurrent_w[...] = jnp.array(draw.astype(np.float32))
    return made


def moved(x: Any) -> np.ndarray:
    """Channels last as Spyx keeps them, to channels first as NIR does."""
    array = np.asarray(x)
    return array.transpose(2, 0, 1) if array.ndim == 3 else array


def node_of(graph: Any, name: str) -> str:
    """The node that spikes: within a recurrent subgraph, or the threshold after an LI."""
    if type(graph.nodes[name]).__name__ == "NIRGraph":
        return f"{name}/{name}.lif"
    return f"{name}_threshold" if f"{name}_threshold" in graph.nodes else name


def make(case: str, given: np.ndarray, *layers: Any, size: int, **options) -> None:
    model = nn.Sequential(*layers)
    shapes = {"input": np.array(given.shape[1:])}, {"output": np.array([size])}
    graph = to_nir(model, *shapes, dt=DT)
    outputs: dict[str, list] = {}
    membranes: dict[str, list] = {}
    states = {i: m.initial_state(1) for i, m in enumerate(layers) if isinstance(m, SPIKING)}
    for x in given:
        value = jnp.asarray(x if x.ndim == 1 else x.transpose(1, 2, 0))[None]
        for i, layer in enumerate(layers):
            if i not in states:
                value = layer(value)
                continue
            value, states[i] = layer(value, states[i])
            name = node_of(graph, f"layer_{i}")
            v = jnp.split(states[i][0], 2, -1)[0] if hasattr(layer, "alpha") else states[i][0]
            outputs.setdefault(name, []).append(moved(value[0]))
            membranes.setdefault(name, []).append(moved(v))
    saving.save(
        "spyx",
        case,
        graph,
        given,
        {name: np.stack(v) for name, v in outputs.items()},
        {name: np.stack(v) for name, v in membranes.items()},
        version=version("spyx"),
        dt=DT,
        options=options,
    )


def main() -> None:
    x = saving.spikes_in((12,), 41)

    def first(seed: int, gain: float = 1.5, shift: float = 0.1) -> nnx.Linear:
        return linear(12, 16, seed, gain, shift)

    def second(seed: int, gain: float = 1.5, shift: float = 0.15, bias: bool = True) -> nnx.Linear:
        return linear(16, 8, seed, gain, shift, bias)

    lif = [neurons(nn.LIF, n) for n in (16, 8)]
    make("lif", x, first(1), lif[0], second(2, bias=False), lif[1], size=8)
    plain = [neurons(nn.IF, n) for n in (16, 8)]
    make("if", x, first(3, 1, 0.02), plain[0], second(4, 1, 0.05), plain[1], size=8)
    cuba = [neurons(nn.CuBaLIF, n) for n in (16, 8)]
    make("cuba_lif", x, first(5, 0.7, 0.03), cuba[0], second(6, 0.7, 0.05), cuba[1], size=8)
    make("rlif", x, first(7), neurons(nn.RLIF, 16, 8), second(9), lif[1], size=8)
    make("psu_lif", x, first(10), neurons(nn.PSU_LIF, 16), second(11), lif[1], size=8)
    convolution = nnx.Conv(2, 3, (3, 3), padding="SAME", rngs=nnx.Rngs(saving.seeded(12)))
    convolution.kernel[...] = convolution.kernel[...] * 1.5
    images = nn.LIF((6, 6, 3), beta=0.8, rngs=nnx.Rngs(saving.seeded(0)))
    pooled = [nn.SumPool((2, 2), (2, 2), "VALID", channel_axis=-1), nn.Flatten()]
    dense = linear(27, 5, 13, 2.0, 0.02)
    layers = [convolution, images, *pooled, dense, neurons(nn.LIF, 5)]
    make("conv", saving.spikes_in((2, 6, 6), 42), *layers, size=5)


if __name__ == "__main__":
    main()
