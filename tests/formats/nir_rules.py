"""The rules of nir_golden/RULES.md, step by step in NumPy: what a NIR graph means to each tool.

Independent of the package: it shows that the rules as written down give the tools' own outputs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Step = Callable[[np.ndarray], np.ndarray]


def run(
    graph: Any,
    given: np.ndarray,
    neuron: Callable[[Any], Step],
    *,
    channels_last: bool = False,
) -> dict[str, np.ndarray]:
    """The outputs of all nodes, (steps, *shape) each, where `neuron` makes the step of a node.

    With `channels_last`, Flatten lists (H, W, C), though the arrays are (C, H, W).
    """
    order, feedback = _order(graph)
    steps = {name: _step(graph.nodes[name], neuron) for name in order}
    if channels_last:
        flat = [name for name in order if type(graph.nodes[name]).__name__ == "Flatten"]
        steps |= dict.fromkeys(flat, lambda x: x.transpose(1, 2, 0).reshape(-1))
    silent = {name: _silent(graph.nodes[name]) for name, _ in feedback}
    kept: dict[str, list[np.ndarray]] = {name: [] for name in order}
    for x in given:
        now: dict[str, np.ndarray] = {}
        for name in order:
            arriving = [
                (kept[a][-1] if kept[a] else silent[a]) if (a, b) in feedback else now[a]
                for a, b in graph.edges
                if b == name
            ]
            now[name] = steps[name](sum(arriving[1:], arriving[0]) if arriving else x)
            kept[name].append(now[name])
    return {name: np.stack(values) for name, values in kept.items()}


def _order(graph: Any) -> tuple[list[str], set[tuple[str, str]]]:
    """Nodes in an order to compute them in, and the edges that close a cycle."""
    order: list[str] = []
    feedback: set[tuple[str, str]] = set()
    on_path: list[str] = []

    def visit(name: str) -> None:
        if name in order:
            return
        on_path.append(name)
        for a, b in sorted(graph.edges):
            if a == name and b in on_path:
                feedback.add((a, b))
            elif a == name:
                visit(b)
        on_path.pop()
        order.insert(0, name)

    for name, node in graph.nodes.items():
        if type(node).__name__ == "Input":
            visit(name)
    return order, feedback


def _silent(node: Any) -> np.ndarray:
    """What a linear node gives for no spikes."""
    return getattr(node, "bias", np.zeros(1, np.float32))


def _step(node: Any, neuron: Callable[[Any], Step]) -> Step:
    kind = type(node).__name__
    if kind in ("Input", "Output"):
        return lambda x: x
    if kind in ("Affine", "Linear"):
        bias = getattr(node, "bias", np.float32(0))
        return lambda x: node.weight @ x + bias
    if kind == "Conv2d":
        return lambda x: _conv2d(node, x)
    if kind in ("AvgPool2d", "SumPool2d"):
        return lambda x: _pool(node, x, mean=kind == "AvgPool2d")
    if kind == "Flatten":
        return lambda x: x.reshape(-1)
    return neuron(node)


def _windows(x: np.ndarray, size: Any, stride: Any, padding: Any) -> np.ndarray:
    """Windows of (C, H, W): (C, H', W', kh, kw)."""
    if isinstance(padding, str):  # "same", at a stride of 1, and "valid"
        padding = [(k - 1) // 2 if padding == "same" else 0 for k in size]
    p, q = np.broadcast_to(padding, 2)
    padded = np.pad(x, ((0, 0), (p, p), (q, q)))
    views = np.lib.stride_tricks.sliding_window_view(padded, tuple(size), axis=(1, 2))
    a, b = np.broadcast_to(stride, 2)
    return views[:, ::a, ::b]


def _conv2d(node: Any, x: np.ndarray) -> np.ndarray:
    windows = _windows(x, node.weight.shape[2:], node.stride, node.padding)
    summed = np.einsum("chwij,ocij->ohw", windows, node.weight)
    return (summed + np.asarray(node.bias)[:, None, None]).astype(np.float32)


def _pool(node: Any, x: np.ndarray, *, mean: bool) -> np.ndarray:
    size = np.broadcast_to(node.kernel_size, 2)
    windows = _windows(x, size, node.stride, node.padding)
    return windows.mean(axis=(3, 4)) if mean else windows.sum(axis=(3, 4))


def snntorch(
    node: Any,
    *,
    recurrent: bool,
    reset_mechanism: str = "subtract",
    reset_delay: bool = True,
    dt: float = 1e-4,
) -> Step:
    """`Leaky` (LIF), `Synaptic` (CubaLIF), and recurrent ones, of snnTorch."""
    current = type(node).__name__ == "CubaLIF"
    decay = (1 - dt / (node.tau_mem if current else node.tau)).astype(np.float32)
    alpha = (1 - dt / node.tau_syn).astype(np.float32) if current else None
    theta = np.asarray(node.v_threshold, np.float32)
    late = current or recurrent
    v = i = np.zeros_like(decay)

    def step(x: np.ndarray) -> np.ndarray:
        nonlocal v, i
        was = (v > theta).astype(np.float32)
        if current:
            i = alpha * i + x
            x = i
        if reset_mechanism == "subtract":
            v = decay * v + x - was * theta
        elif late:
            v = (1 - was) * (decay * v + x)
        else:
            v = decay * (1 - was) * v + x
        z = (v > theta).astype(np.float32)
        if not reset_delay:
            v = v - (z - was) * (theta if reset_mechanism == "subtract" else v)
        return z

    return step


def norse(node: Any, *, dt: float = 1e-3, tau_unit: float = 1.0) -> Step:
    """`LIFBoxCell` (LIF), `LIFCell` (CubaLIF), `LIBoxCell` (LI) and `IAFCell` (IF) of Norse."""
    kind = type(node).__name__
    leak = getattr(node, "v_leak", np.float32(0))
    tau = getattr(node, "tau_mem", getattr(node, "tau", None))
    rate = None if tau is None else np.asarray(dt / (tau * tau_unit), np.float32)
    v = np.zeros_like(node.r) + leak
    i = np.zeros_like(v)

    def step(x: np.ndarray) -> np.ndarray:
        nonlocal v, i
        if kind == "IF":
            v = v + x
        else:
            jumped = i + x
            v = v + rate * (leak - v + jumped)
            if kind == "CubaLIF":
                i = jumped * (1 - np.asarray(dt / node.tau_syn, np.float32))
        if kind == "LI":
            return v
        z = (v > node.v_threshold).astype(np.float32)
        v = np.where(z > 0, node.v_reset, v)
        return z

    return step


def spikingjelly(node: Any, *, dt: float) -> Step:
    """`IFNode` (IF), `LIFNode` and `ParametricLIFNode` (LIF), `CUBALIFNode` (CubaLIF)."""
    kind = type(node).__name__
    v = np.zeros_like(node.r, dtype=np.float32) + node.v_reset
    i = np.zeros_like(v)

    def step(x: np.ndarray) -> np.ndarray:
        nonlocal v, i
        if kind == "IF":
            v = v + dt * node.r * x
        elif kind == "LIF":
            v = v + (dt / node.tau) * (node.v_leak - v + node.r * x)
        else:
            i = (1 - dt / node.tau_syn) * i + x
            v = (1 - dt / node.tau_mem) * v + i
        z = (v >= node.v_threshold).astype(np.float32)
        v = np.where(z > 0, node.v_reset, v)
        return z

    return step


def sinabs(
    node: Any,
    *,
    spikes: str = "multi",
    reset: str = "subtract",
    norm_input: bool = False,
    min_v_mem: float | None = None,
) -> Step:
    """`LIFSqueeze` (LIF), `IAFSqueeze` (IF) and `ExpLeakSqueeze` (LI) of Sinabs."""
    kind = type(node).__name__
    alpha = np.float32(1) if kind == "IF" else np.exp(np.float32(-1) / node.tau)
    gain = 1 - alpha if norm_input else np.float32(1)
    v = np.zeros_like(node.r)

    def step(x: np.ndarray) -> np.ndarray:
        nonlocal v
        v = alpha * v + gain * x
        if kind == "LI":
            return v
        z = np.where(v > 0, np.trunc(v / node.v_threshold), 0).astype(np.float32)
        if spikes == "single":
            z = np.minimum(z, 1)
        v = np.where(z > 0, 0, v) if reset == "zero" else v - z * node.v_threshold
        if min_v_mem is not None:
            v = np.maximum(v, np.float32(min_v_mem))
        return z

    return step


def spyx(node: Any, *, dt: float) -> Step:
    """`LIF`, `IF`, `CuBaLIF`, `RLIF` (a subgraph), and `PSU_LIF` (LI, Threshold) of Spyx."""
    kind = type(node).__name__
    if kind == "Threshold":
        return lambda x: (x > node.threshold).astype(np.float32)
    w_rec = None
    if kind == "NIRGraph":
        inner = {type(n).__name__: n for n in node.nodes.values()}
        w_rec, node = inner["Linear"].weight, inner["LIF"]
        kind = "LIF"
    current = kind == "CubaLIF"
    tau = node.tau_mem if current else getattr(node, "tau", np.inf)
    decay = np.asarray(1 - dt / tau, np.float32)
    v = np.zeros_like(node.r, dtype=np.float32)
    i = np.zeros_like(v)

    def step(x: np.ndarray) -> np.ndarray:
        nonlocal v, i
        if kind == "LI":
            v = decay * v + x
            return v
        z = (v > node.v_threshold).astype(np.float32)
        if w_rec is not None:
            x = x + w_rec @ z
        if current:
            i = np.asarray(1 - dt / node.tau_syn, np.float32) * i + x
            v = decay * (v - z * node.v_threshold) + i
        else:
            v = decay * v + x - z * node.v_threshold
        return z

    return step


def rockpool(node: Any, *, dt: float) -> Step:
    """`LIFTorch` (CubaLIF) and `ExpSynTorch` (LI) of Rockpool."""
    kind = type(node).__name__
    alpha = np.exp(np.float32(-dt) / (node.tau_syn if kind == "CubaLIF" else node.tau))
    i = v = np.zeros_like(node.r)

    def step(x: np.ndarray) -> np.ndarray:
        nonlocal i, v
        i = (i + x) * alpha
        if kind == "LI":
            return i
        v = v * np.exp(np.float32(-dt) / node.tau_mem) + i
        z = np.maximum(np.floor(v / node.v_threshold), 0)
        v = v - z * node.v_threshold
        return z

    return step
