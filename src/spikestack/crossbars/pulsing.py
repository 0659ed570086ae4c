"""Learning by pulses: what a plasticity rule asks for, and what the devices behind it make of it.

A rule that a projection declares says by how much a weight should change. Where crossbars stand
behind the weights, that becomes a number of pulses, each of which moves the device's state by the
device's own text; the weight is then what the device's conductance says. The result is a rule like
any other, in the same language, so that it runs inside the engines' loops, with the same bits on
each of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..devices.crossbar import Crossbar
from ..equations.expressions import Expr, Name, Num, Op, names_in, substitute
from ..equations.model import Parameter
from ..equations.writing import written
from ..errors import EquationError, ValidationError
from ..numerics.random import normal_quantile, stream_key, uniform
from ..plasticity.base import TEXTS, PlasticityRule
from .responses import Response

__all__ = ["COUNTS", "begun", "pulsed_rule"]

#: Variables that count: pulses sent, and changes that were asked for and not sent.
COUNTS = ("device_pulses", "device_withheld")
_EVENTS = ("on_pre", "on_post", "every")
_RISES = "device_asked > 0*device_asked"


@dataclass(frozen=True)
class _Side:
    """One device of a synapse: its place, and the sign by which it counts."""

    place: int
    sign: int

    @property
    def state(self) -> str:
        """The variable that holds its state."""
        return f"device_state_{self.place}"

    @property
    def free(self) -> str:
        """The variable that is 0 where it is stuck."""
        return f"device_free_{self.place}"

    def factor(self, parameter: str) -> str:
        """The variable that holds its factor of a parameter."""
        return f"device_of_{parameter}_{self.place}"

    def own(self, expr: Expr, response: Response) -> Expr:
        """An expression of its state, and of its own parameters."""
        table: dict[str, Expr] = {"state": Name(self.state), "volts": Name("device_volts")}
        for name in response.numbers:
            nominal = Name(f"dev_{name}")
            spread = name in response.spreads
            table[name] = Op("mul", (nominal, Name(self.factor(name)))) if spread else nominal
        return substitute(expr, table)


def _sides(crossbar: Crossbar) -> tuple[_Side, ...]:
    return (_Side(0, 1), _Side(1, -1)) if crossbar.encoding == "differential" else (_Side(0, 1),)


def begun(
    crossbar: Crossbar,
    response: Response,
    weights: np.ndarray,
    window: tuple[float, float],
    name: str,
) -> dict[str, np.ndarray]:
    """Variables of synapses at t = 0: states, factors and faults of devices, by name.

    Parameters
    ----------
    crossbar, response
        The devices.
    weights
        float64[synapses], in the unit of `window`, least and greatest weight.
    name
        Of the projection: with ``crossbar.seed`` it names the draws, whose counter is the synapse.
    """
    low, high = window
    most = max(high, -low)
    count = np.arange(len(weights), dtype=np.uint64)
    made: dict[str, np.ndarray] = {}
    for side in _sides(crossbar):
        single = crossbar.encoding != "differential"
        part = (weights - low) / (high - low) if single else side.sign * weights / most
        state = response.states(np.clip(part, 0.0, 1.0))
        for parameter, spread in response.spreads.items():
            key = stream_key(crossbar.seed, name, side.factor(parameter))
            sigma = math.sqrt(math.log1p(spread**2))
            drawn = normal_quantile(uniform(key, count))
            made[side.factor(parameter)] = np.exp(sigma * drawn - sigma**2 / 2)
        chance = uniform(stream_key(crossbar.seed, name, side.free), count)
        at_low = chance < crossbar.stuck_low
        stuck = chance < crossbar.stuck_low + crossbar.stuck_high
        ends = response.states(np.array([0.0, 1.0]))
        made[side.state] = np.where(stuck, np.where(at_low, ends[0], ends[1]), state)
        if stuck.any():
            made[side.free] = np.where(stuck, 0.0, 1.0)
    return made


def pulsed_rule(
    rule: PlasticityRule, crossbar: Crossbar, response: Response, states: dict[str, np.ndarray]
) -> PlasticityRule:
    """The same rule, its changes of weight made by pulses.

    Parameters
    ----------
    rule
        What is asked for.
    crossbar
        The devices, and from which change on pulses are sent.
    response
        What a pulse does to a device.
    states
        What `begun` found.
    """
    texts: dict[str, str] = {name: getattr(rule, name) for name in TEXTS}
    lines = [f"{name} : 1" for name in (*states, *COUNTS, "device_count", "device_volts")]
    lines += ["device_was : weight", "device_asked : weight"]
    texts["variables"] = "\n".join((texts["variables"], *lines))
    for event in _EVENTS:
        if any(name == "w" for name, _ in getattr(rule, f"{event}_statements")):
            texts[event] = "\n".join(_Event(event, crossbar, response, states).lines(texts[event]))
    numbers = {f"dev_{n}": Parameter(v) for n, v in response.numbers.items()}
    numbers["device_step"] = Parameter(response.step)
    try:
        return PlasticityRule(
            name=rule.label,
            parameters={**rule.parameters, **numbers},
            initial={**rule.initial_values, **states},
            **{name: text for name, text in texts.items() if text},
            **rule.values,
        )
    except EquationError as error:
        raise ValidationError(
            f"Crossbar.device {response.device.label}",
            f"its equation cannot be followed at every spike of {rule.label}: {error}",
            "a device of shorter equations",
            "TEAM and VTEAM approximate the tunnel barrier",
        ) from error


@dataclass(frozen=True)
class _Event:
    """The lines of one event: what is asked for, pulses, the weight that follows."""

    name: str
    crossbar: Crossbar
    response: Response
    states: dict[str, np.ndarray]

    def lines(self, text: str) -> list[str]:
        """The event's own lines, and what devices make of the change."""
        c, nominal = self.crossbar, "(w_max - w_min)*device_step"
        kept = "device_asked + w - device_was" if c.accumulate else "w - device_was"
        chance = "0" if c.accumulate else f"rand_{self.name}"
        enough = f"abs(device_asked) >= {c.least_update!r}*(w_max - w_min)"
        count = f"min(floor(abs(device_asked)/({nominal}) + {chance}), {c.most_pulses})"
        lines = [
            "device_was = w",
            *(line for line in text.splitlines() if line.strip()),
            f"device_asked = {kept}",
            f"device_count = where({enough}, {count}, 0)",
            f"device_volts = {self._volts()}",
            "device_withheld += where(w == device_was or device_count > 0, 0, 1)",
        ]
        for k in range(c.most_pulses):
            lines += self._pulse(k)
        lines.append("device_pulses += device_count")
        if c.accumulate:
            sent = f"device_count*{nominal}"
            lines.append(f"device_asked -= where({_RISES}, {sent}, -({sent}))")
        lines.append(f"w = where(device_count > 0, {self._weight()}, device_was)")
        return lines

    def _pulse(self, k: int) -> list[str]:
        """The k-th pulse, for synapses that take so many."""
        lines, r = [], self.response
        for side in _sides(self.crossbar):
            free = f" and {side.free} > 0" if side.free in self.states else ""
            for when, steps in self._ways(side):
                condition = f"device_count > {k}{when}{free}"
                for m, step in enumerate(steps):
                    draw = f"{k}_{side.place}_{int(steps is r.up)}_{m}"
                    new = written(self._noisy(side.own(step, r), draw))
                    lines.append(f"{side.state} = where({condition}, {new}, {side.state})")
        return lines

    def _ways(self, side: _Side) -> list[tuple[str, tuple[Expr, ...]]]:
        """What happens to one device of a synapse, and on which condition."""
        r, falls = self.response, f"not ({_RISES})"
        if self.crossbar.encoding == "differential":
            return [(f" and {_RISES if side.sign > 0 else falls}", r.up)]
        if r.up is r.down:
            return [("", r.up)]
        return [(f" and {_RISES}", r.up), (f" and {falls}", r.down)]

    def _volts(self) -> str:
        up, down = self.response.volts
        if self.crossbar.encoding == "differential":
            return repr(up)
        return f"where({_RISES}, {up!r}, {down!r})"

    def _weight(self) -> str:
        """The weight that the states of a synapse's devices are worth."""
        shares = [
            written(self._noisy(side.own(self.response.share, self.response), f"w_{side.place}"))
            for side in _sides(self.crossbar)
        ]
        if len(shares) == 1:
            return f"w_min + (w_max - w_min)*{shares[0]}"
        return f"max(w_max, -w_min)*({shares[0]} - {shares[1]})"

    def _noisy(self, expr: Expr, draw: str) -> Expr:
        """Standard normal numbers of two even draws each (Box and Muller 1958)."""
        if "xi" not in set(names_in(expr)):
            return expr
        first, second = (Name(f"rand_{self.name}_{draw}_{k}") for k in "ab")
        radius = Op("sqrt", (Op("mul", (Num(-2.0), Op("log", (first,)))),))
        angle: Any = Op("cos", (Op("mul", (Num(2 * math.pi), second)),))
        return substitute(expr, {"xi": Op("mul", (radius, angle))})
