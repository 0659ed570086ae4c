"""Prints the kernel that carries traces of every synapse on by a step, for so many of each kind."""

from __future__ import annotations

from functools import lru_cache
from types import ModuleType

from ...engines.cpu.cache import kernel_module

__all__ = ["sweeper"]

_HEAD = """
from numba import float32, float64, njit
import numpy as np


@njit(cache=True, nogil=True, error_model="numpy")
def sweep(low, high, synapses, own, into, seen_own, seen, vectors, f_states, f_arrivals, f_seen,
          gain, signal, grad):
    trials, post = signal.shape
"""


@lru_cache(maxsize=64)
def sweeper(n: int, vectors: int, n_f: int) -> ModuleType:
    """A module with ``sweep(low, high, synapses, own, into, seen_own, seen, vectors, f_states,
    f_arrivals, f_seen, gain, signal, grad)``.

    It takes the sources from `low` to `high`. `synapses` is (sources, n + n_f, trials, targets):
    first `n` traces of a synapse, then `n_f` states of the readout through which e passes. `own`
    (n, n), `into` (n, vectors), `seen_own` (n) and `seen` (vectors), each followed by (trials,
    targets), say how traces act on traces, traces of sources on them, and both on e; `f_states`,
    `f_arrivals`, `f_seen` and `gain` are the readout.
    """
    return kernel_module(
        _HEAD + "\n".join(f"    {line}" for line in _lines(n, vectors, n_f)) + "\n"
    )


def _lines(n: int, vectors: int, n_f: int) -> list[str]:
    made = [f"p{k}_{m} = f_states[{k}, {m}]" for k in range(n_f) for m in range(n_f)]
    made += [f"q{k}, r{k} = f_arrivals[{k}], f_seen[{k}]" for k in range(n_f)]
    made += ["for i in range(low, high):", "    g = grad[i]", "    for b in range(trials):"]
    inner = ["l = signal[b]"]
    inner += [f"x{m} = vectors[{m}, b, i]" for m in range(vectors)]
    inner += [f"d{m} = seen[{m}, b]" for m in range(vectors)]
    for k in range(n):
        inner += [f"s{k} = synapses[i, {k}, b]", f"o{k} = seen_own[{k}, b]"]
        inner += [f"a{k}_{m} = own[{k}, {m}, b]" for m in range(n)]
        inner += [f"c{k}_{m} = into[{k}, {m}, b]" for m in range(vectors)]
    inner += [f"f{k} = synapses[i, {n + k}, b]" for k in range(n_f)]
    inner.append("for j in range(post):")
    e = [f"d{m}[j]*x{m}" for m in range(vectors)] + [f"o{k}[j]*s{k}[j]" for k in range(n)]
    body = [f"e = {' + '.join(e)}"]
    seen = ["e*gain" if n_f else "e"] + [f"f{k}[j]*r{k}" for k in range(n_f)]
    body.append(f"g[j] += l[j]*({' + '.join(seen)})")
    for k in range(n):
        terms = [f"a{k}_{m}[j]*s{m}[j]" for m in range(n)]
        terms += [f"c{k}_{m}[j]*x{m}" for m in range(vectors)]
        body.append(f"t{k} = {' + '.join(terms)}")
    for k in range(n_f):
        terms = [f"f{m}[j]*p{k}_{m}" for m in range(n_f)] + [f"e*q{k}"]
        body.append(f"u{k} = {' + '.join(terms)}")
    body += [f"s{k}[j] = t{k}" for k in range(n)] + [f"f{k}[j] = u{k}" for k in range(n_f)]
    inner += [f"    {line}" for line in body]
    return made + [f"        {line}" for line in inner]
