"""Arrays of devices that do what chips of them were measured to do."""

from __future__ import annotations

from functools import lru_cache
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...devices.statistical import TEXTS, StatisticalDevice
from ...equations.expressions import Expr
from ...errors import ValidationError
from ...numerics.compiling import njit
from ...numerics.random_compiled import normal
from .array import ArrayOfCells
from .printing import module_of, printed

__all__ = ["StatisticalCells"]

_F64 = NDArray[np.float64]


class StatisticalCells(ArrayOfCells):
    """An array of `StatisticalDevice`; see `ArrayOfCells` for its parameters.

    Programming draws what each cell is found at, its exponent of drift, and the number that scales
    its relaxation; they stay until the next programming, so that waiting draws nothing and a day is
    the same as twenty-four hours. What programming costs is not part of the statistics: `pulses`
    and `energy` stay 0.
    """

    device: StatisticalDevice

    def __init__(self, device: StatisticalDevice, shape: tuple[int, int], **options: Any) -> None:
        super().__init__(device, shape, **options)
        low, high = self.full("g_low"), self.full("g_high")
        self.g_min = low.reshape(self.shape)
        self.g_max = np.maximum(low, high).reshape(self.shape)
        self._module, self._names = _compiled(device, self.varying)
        self._held = np.flatnonzero(~np.isnan(self.stuck_at))
        self._held_g = low[self._held] + (high - low)[self._held] * self.stuck_at[self._held]
        self._target, self._written = low.copy(), low.copy()
        self._nu = np.zeros(len(self.ids))
        self._now: tuple[_F64, _F64] | None = None
        self._start(low, exact=True)

    def _start(self, target: _F64, exact: bool) -> None:
        """Draw what programming leaves, or take it as it is wanted; the clock begins."""
        self._programmed += 1
        self._target, self.age, self._now = target, 0.0, None
        self._written = np.empty(len(target))
        keys = [self.event_key(p, self._programmed) for p in ("programming", "exponent")]
        self._module.program(
            *(self._written, self._nu, self.ids, *keys, target, exact),
            *self.arguments(self._names["program"]),
        )

    def _evolved(self) -> tuple[_F64, _F64]:
        """Conductances and standard deviations of a reading, at this age."""
        if self._now is None:
            g, sd = np.empty(len(self.ids)), np.empty(len(self.ids))
            key = self.event_key("relaxation", self._programmed)
            self._module.evolve(
                *(g, sd, self.ids, key, self._target, self._written, self._nu, self.age),
                *self.arguments(self._names["evolve"]),
            )
            g[self._held], sd[self._held] = self._held_g, 0.0
            self._now = g, sd
        return self._now

    def conductance(self) -> _F64:
        """Conductances at this age, in S, without noise of reading."""
        return self._evolved()[0].reshape(self.shape).copy()

    def read_deviation(self) -> _F64:
        """Standard deviations of one reading at this age, in S."""
        return self._evolved()[1].reshape(self.shape).copy()

    def read(self) -> _F64:
        """Conductances as one reading finds them, at least 0; each call draws new noise."""
        self._readings += 1
        found = np.empty(len(self.ids))
        _read(found, *self._evolved(), self.ids, self.event_key("reading", self._readings))
        return found.reshape(self.shape)

    def pulse(self, voltage: Any, width: Any = None, count: Any = 1, where: Any = None) -> None:
        """Refused.

        Raises
        ------
        ValidationError
            Always: the statistics are those of programming as a whole.
        """
        raise ValidationError(
            f"{self.device.label}, pulse",
            "its statistics are of programmed cells, not of pulses",
            "program(target)",
            "use a pulsed or dynamic device, such as PulsedPCM or SoftBounds, to send pulses",
        )

    def set(self, target: Any) -> None:
        """Put the cells to conductances (S), exactly; drift and relaxation begin.

        Raises
        ------
        ValidationError
            If a target lies in no window.
        """
        self._start(self.checked_target(target), exact=True)

    def program(self, target: Any) -> None:
        """Put the cells to conductances (S) with the spread of programming.

        Raises
        ------
        ValidationError
            If a target lies in no window.
        """
        self._start(self.checked_target(target), exact=False)

    def wait(self, seconds: float) -> None:
        """Let time pass: drift and relaxation, of which nothing is drawn anew."""
        self.age += self.checked_seconds(seconds)
        self._now = None


@njit(cache=True, nogil=True, error_model="numpy")
def _read(found: _F64, g: _F64, sd: _F64, ids: Any, key: Any) -> None:
    for i in range(len(found)):
        found[i] = max(g[i] + sd[i] * normal(key, ids[i]), 0.0)


def _compiled(
    device: StatisticalDevice, varying: frozenset[str]
) -> tuple[ModuleType, dict[str, tuple[str, ...]]]:
    return _module(tuple(device.expressions.items()), tuple(device.parameters), varying)


_CALLS: dict[str, tuple[str, ...]] = {
    "programmed": ("target[i]", "normal(key, ids[i])"),
    "exponent": ("target[i]", "now", "normal(other, ids[i])"),
    "drifted": ("target[i]", "written[i]", "nu[i]", "t", "normal(key, ids[i])"),
    "noise": ("target[i]", "written[i]", "now", "t"),
}
#: Texts that each kernel calls.
_KERNELS = {"program": ("programmed", "exponent"), "evolve": ("drifted", "noise")}


@lru_cache(maxsize=64)
def _module(
    texts: tuple[tuple[str, Expr], ...], parameters: tuple[str, ...], varying: frozenset[str]
) -> tuple[ModuleType, dict[str, tuple[str, ...]]]:
    functions = {n: printed(n, e, TEXTS[n], parameters) for n, e in texts if n in _CALLS}
    taken, arguments, calls = {}, {}, {"exponent": "0.0", "drifted": "written[i]", "noise": "0.0"}
    for kernel, which in (
        ("program", ("programmed", "exponent")),
        ("evolve", ("drifted", "noise")),
    ):
        used = {p for n in which if n in functions for p in functions[n].parameters}
        taken[kernel] = tuple(p for p in parameters if p in used)
        places = {p: f"p{k}[i]" if p in varying else f"p{k}" for k, p in enumerate(taken[kernel])}
        arguments[kernel] = "".join(f", p{k}" for k in range(len(taken[kernel])))
        calls |= {n: functions[n].call(_CALLS[n], places) for n in which if n in functions}
    kernels = f"""
@njit(cache=True, nogil=True, error_model="numpy")
def program(written, nu, ids, key, other, target, exact{arguments["program"]}):
    for i in range(len(written)):
        drawn = {calls["programmed"]}
        now = select(exact, target[i], drawn)
        written[i] = now
        nu[i] = {calls["exponent"]}


@njit(cache=True, nogil=True, error_model="numpy")
def evolve(g, sd, ids, key, target, written, nu, t{arguments["evolve"]}):
    for i in range(len(g)):
        now = {calls["drifted"]}
        g[i] = now
        sd[i] = {calls["noise"]}
"""
    return module_of(functions.values(), kernels), taken
