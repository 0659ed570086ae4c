"""What a synapse has done to what its target sends: traces that are carried forward in time."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ...errors import ValidationError
from ..links import Link
from ..products import DenseProduct, Product
from ..threads import shared
from .sweeping import sweeper
from .tangents import Entry, Place, Tangents
from .walking import Walk

__all__ = ["Eligibility", "Filter"]


class Filter:
    """A readout with a memory: its step, linear and the same for all neurons.

    Parameters
    ----------
    tangents
        Of the readout.
    receptor
        By which the population in question reaches it.
    """

    def __init__(self, tangents: Tangents, receptor: int, name: str) -> None:
        rows = [*tangents.states, tangents.seen, [a[receptor] for a in tangents.arrivals]]
        if any(isinstance(e, Place) for row in rows for e in row):
            raise ValidationError(f"EProp, output {name!r}", "is not linear", "a linear readout")
        self.states = np.array(tangents.states, np.float64).reshape(len(tangents.states), -1)
        self.arrivals = np.array(rows[-1], np.float64)
        self.seen = np.array(tangents.seen, np.float64)
        self.at_once = float(tangents.seen_arrivals[receptor])

    @property
    def remembers(self) -> bool:
        """Whether what is read depends on steps before."""
        return bool(np.any(self.seen))


class Eligibility:
    """Traces of one projection (of one delay): of sources where that is enough, else of synapses.

    With J, b the derivatives of the target's new state by its old one and by what arrives, and D, d
    those of what is read: ``trace = J trace + b x``, ``e = D trace + d x``, x being spikes
    that arrive and `trace` on the right that of the step before.

    Parameters
    ----------
    walk
        A run.
    at, link, product
        Place of the product among the walk's, and both.
    tangents
        Of the target.
    remembers
        Whether there are traces at all; otherwise only the present step counts.
    filter
        Through what e passes before it meets a signal.
    """

    def __init__(
        self, walk: Walk, at: tuple[int, int], link: Link, product: Product, tangents: Tangents,
        *, remembers: bool = True, filter: Filter | None = None,
    ) -> None:  # fmt: skip
        self.at, self.link, self.product, self.t = at, link, product, tangents
        self.sizes = [walk.program.populations[k].size for k in (link.pre, link.post)]
        self.trials, self.dtype = walk.trials, walk.m.dtype
        b = [row[link.receptor] for row in tangents.arrivals]
        self.b = b
        live = _reached(tangents.states, b) if remembers else set()
        self.plain = sorted(_plain(tangents.states, b, live))
        self.own = sorted(live - set(self.plain))
        self.traces = {k: self._zeros(self.sizes[0]) for k in self.plain}
        self.filter = filter if filter is not None and filter.remembers else None
        self.gain = 1.0 if filter is None else filter.at_once
        if (self.own or self.filter) and not (
            isinstance(product, DenseProduct) and product.mask is None
        ):
            why = "traces of every synapse" if self.own else "a readout with a memory"
            raise ValidationError(
                f"learning, projection {link.name!r}", f"needs {why}, and is no full matrix",
                "Dense or AllToAll", "see reset='ignored'; or OTTT, which needs neither",
            )  # fmt: skip
        if self.own or self.filter:
            deep = len(self.own) + (len(self.filter.seen) if self.filter else 0)
            shape = (self.sizes[0], deep, self.trials, self.sizes[1])
            self.synapses = np.zeros(shape, walk.runs[0].states.dtype)

    def _zeros(self, n: int) -> Any:
        return torch.zeros((self.trials, n), dtype=self.dtype)

    @property
    def bytes(self) -> int:
        """Memory of the traces."""
        own = self.synapses.nbytes if self.own or self.filter else 0
        return own + sum(t.numel() * t.element_size() for t in self.traces.values())

    def learn(self, walk: Walk, signal: Any, grad: Any) -> None:
        """Go on by the step that `walk` has made; add signal times e to `grad`.

        `signal` is (trials, targets), None for none.
        """
        x = walk.heard[self.at]
        if self.own or self.filter:
            self._learn_by_synapse(walk, x, signal, grad)
        elif signal is not None:
            self._learn_by_source(walk, x, signal, grad)
        new = {k: self._new_trace(k, x) for k in self.plain}
        self.traces.update(new)

    def _new_trace(self, k: int, x: Any) -> Any:
        total = None if x is None or not self.b[k] else x * float(self.b[k])
        for m in self.plain:
            factor = float(self.t.states[k][m])
            if factor:
                part = self.traces[m] * factor
                total = part if total is None else total + part
        return self._zeros(self.sizes[0]) if total is None else total

    def _terms(self, x: Any) -> list[tuple[Entry, Any]]:
        """What e is the sum of: derivatives, and traces of sources."""
        terms: list[tuple[Entry, Any]] = [(self.t.seen[k], self.traces[k]) for k in self.plain]
        if x is not None:
            terms.append((self.t.seen_arrivals[self.link.receptor], x))
        return [(e, trace) for e, trace in terms if isinstance(e, Place) or e]

    def _learn_by_source(self, walk: Walk, x: Any, signal: Any, grad: Any) -> None:
        same, pairs = None, []
        for entry, trace in self._terms(x):
            if isinstance(entry, Place):
                pairs.append((trace, signal * walk.changing(self.link.post, entry)))
            else:
                part = trace * entry
                same = part if same is None else same + part
        if same is not None:
            pairs.append((same, signal))
        if pairs:
            sources, targets = (torch.cat(side) for side in zip(*pairs))
            grad += walk.product(self.product).weights(sources, targets * self.gain, grad)

    def _learn_by_synapse(self, walk: Walk, x: Any, signal: Any, grad: Any) -> None:
        post, real = self.link.post, self.synapses.dtype
        shape = (self.trials, self.sizes[1])

        def full(entries: list[Entry]) -> np.ndarray:
            made = np.empty((len(entries), *shape), real)
            for row, e in zip(made, entries):
                row[:] = walk.changing(post, e).numpy() if isinstance(e, Place) else e
            return made

        states, n = self.t.states, len(self.own)
        arriving = self._zeros(self.sizes[0]) if x is None else x
        vectors = np.stack([*(self.traces[k].numpy() for k in self.plain), arriving.numpy()])
        own = full([states[k][m] for k in self.own for m in self.own]).reshape(n, n, *shape)
        into = full([e for k in self.own for e in (*(states[k][m] for m in self.plain), self.b[k])])
        seen_own = full([self.t.seen[m] for m in self.own])
        seen = full([*(self.t.seen[m] for m in self.plain),
                     self.t.seen_arrivals[self.link.receptor]])  # fmt: skip
        f = self.filter
        empty = np.zeros(0)
        rows = (empty.reshape(0, 0), empty, empty) if f is None else (f.states, f.arrivals, f.seen)
        given = np.zeros(shape, real) if signal is None else signal.contiguous().numpy()
        made, gain = grad.numpy(), real.type(self.gain)

        kernel = sweeper(n, len(vectors), len(rows[2]))
        into = into.reshape(n, len(vectors), *shape)
        filtered = [r.astype(real) for r in rows]

        def work(low: int, high: int) -> None:
            kernel.sweep(low, high, self.synapses, own, into, seen_own, seen, vectors, *filtered,
                         gain, given, made)  # fmt: skip

        shared(work, self.sizes[0], self.sizes[0] * self.trials * self.sizes[1])


def _reached(states: list[list[Entry]], b: list[Entry]) -> set[int]:
    """States that arrivals act on, sooner or later."""

    def acts(e: Entry) -> bool:
        return isinstance(e, Place) or e != 0

    found = {k for k, e in enumerate(b) if acts(e)}
    while more := {
        k for k, row in enumerate(states) if k not in found and any(acts(row[m]) for m in found)
    }:
        found |= more
    return found


def _plain(states: list[list[Entry]], b: list[Entry], live: set[int]) -> set[int]:
    """Those of `live` whose traces are the same for all targets of a source."""
    found = {k for k in live if not isinstance(b[k], Place)}
    while True:
        kept = {
            k for k in found
            if all(
                not isinstance(states[k][m], Place) and (m in found or not states[k][m])
                for m in live
            )
        }  # fmt: skip
        if kept == found:
            return found
        found = kept
