"""Brian2's ``Synapses`` from their texts: a receptor of ours, and a rule of plasticity.

Neuron models need no reader: `NeuronModel` understands Brian2's notation. Nothing of Brian2 is
imported, and nothing is evaluated.

Source: Stimberg, Brette and Goodman 2019, eLife 8:e47314; https://brian2.readthedocs.io (2.9).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..equations.declaring import parameter_of
from ..equations.expressions import Num
from ..equations.notation import split_flags
from ..equations.parser import parse_expression
from ..errors import EquationError, UnknownNameError, shorten
from ..neurons.base import NeuronModel
from ..plasticity.base import PlasticityRule, WeightParameter
from ..synapses.base import Synapse

__all__ = ["synapses"]

_STATEMENT = re.compile(r"([A-Za-z]\w*)\s*([-+]?)=(?!=)(.*)\Z", re.S)
_DECAY = re.compile(r"-\s*([A-Za-z]\w*)\s*/\s*([A-Za-z]\w*)\Z")
_CLIP = re.compile(r"clip\s*\(\s*w\s*([-+])\s*([A-Za-z]\w*)\s*,([^,]*),([^,]*)\)\Z")
_REMEDY = (
    "write what does not fit as sp.PlasticityRule or a subclass of sp.Synapse; read here are "
    "'X_post += w', 'trace += c', 'trace = c', 'w = clip(w + trace, low, high)' and 'w += trace'"
)


@dataclass
class _Read:
    """What the statements of one side say."""

    jump: tuple[str, str, str] | None = None  # variable of the target, sign, expression
    bumps: dict[str, tuple[str, str]] = field(default_factory=dict)  # trace: operator, amount
    change: tuple[str, str] | None = None  # sign, trace
    bounds: tuple[str, str] | None = None
    jump_first: bool = False


def synapses(
    target: NeuronModel,
    model: str = "",
    on_pre: str = "",
    on_post: str = "",
    *,
    namespace: Mapping[str, Any] | None = None,
    weight: Any = None,
    delay: Any = None,
) -> tuple[Synapse, PlasticityRule | None]:
    """Read the texts of Brian2's ``Synapses``.

    Parameters
    ----------
    target
        The model of the targets, whose variable `on_pre` adds to.
    model
        ``w : unit`` and traces, ``dA/dt = -A/tau : 1 (event-driven)``.
    on_pre, on_post
        Statements: ``ge_post += w``, ``A += dA``, ``w = clip(w + B, 0, w_max)``.
    namespace
        Values of the names that occur, with their units as texts or quantities.
    weight
        What ``w`` is at the start: number, array, distribution or text, in the variable's unit.
    delay
        Of the synapse, ms; here 1 unless given, in Brian2 none.

    Returns
    -------
    synapse : Synapse
        It adds its weight to the target's own variable.
    rule : PlasticityRule or None
        What happens to the weight; None if nothing does.

    Raises
    ------
    EquationError
        If a text holds something else; all such statements at once.
    UnknownNameError
        If a name is neither a variable of the target nor in `namespace`.

    Examples
    --------
    ``synapse, rule = synapses(cell, "w : siemens", "ge_post += w", weight="6 nS")`` and then
    ``net.connect(a, b, rule_of_connection, synapse, plasticity=rule)``.
    """
    names = dict(namespace or {})
    lines = split_flags(model, "synapses, model") if model.strip() else []
    taus = _traces(lines)
    pre = _side(on_pre, taus, target, "synapses, on_pre")
    post = _side(on_post, taus, target, "synapses, on_post")
    if pre.jump is None or post.jump is not None:
        raise EquationError(
            "synapses, on_pre", "delivers nothing, or on_post does", "'X_post += w' in on_pre"
        )
    synapse = _synapse(target, pre.jump, names, weight, delay)
    if not (pre.bumps or post.bumps or pre.change or post.change):
        return synapse, None
    return synapse, _rule(pre, post, taus, names)


def _traces(lines: list[Any]) -> dict[str, str]:
    """The time constant's name of every trace; ``w`` and parameters are left to the namespace."""
    taus, wrong = {}, []
    for line in lines:
        match = _DECAY.match(line.expression.replace("(", "").replace(")", ""))
        extra = set(line.flags) - {"event-driven", "clock-driven", "constant", "shared"}
        if line.kind == "ode" and match and match[1] == line.name and not extra:
            taus[line.name] = match[2]
        elif line.kind != "parameter" or extra:
            told = f" ({', '.join(line.flags)})" if line.flags else ""
            wrong.append(f"{line.name}{told}")
    if wrong:
        raise EquationError("synapses, model", f"cannot be read: {', '.join(wrong)}", "", _REMEDY)
    return taus


def _side(text: str, taus: Mapping[str, str], target: NeuronModel, where: str) -> _Read:
    read, wrong = _Read(), []
    lines = [line.split("#", 1)[0].strip() for line in re.split(r"[;\n]", text)]
    for line in filter(None, lines):
        match = _STATEMENT.match(line)
        if not match or not _take(read, match[1], match[2], match[3].strip(), taus, target):
            wrong.append(line)
    if wrong:
        raise EquationError(where, f"cannot be read: {'; '.join(wrong)}", "", _REMEDY)
    return read


def _take(
    read: _Read,
    name: str,
    sign: str,
    expression: str,
    taus: Mapping[str, str],
    target: NeuronModel,
) -> bool:
    """Take one statement; whether it could be read."""
    own = name.removesuffix("_post")
    if name == "w":
        if read.change is not None:
            return False
        if sign and expression in taus:
            read.change = sign, expression
        elif match := _CLIP.match(expression):
            if sign or match[2] not in taus:
                return False
            read.change = match[1], match[2]
            read.bounds = match[3].strip(), match[4].strip()
        else:
            return False
    elif name in taus:
        if name in read.bumps:
            return False
        read.bumps[name] = sign, expression
    elif sign and own in target.block.states and read.jump is None:
        read.jump = own, sign, expression
        read.jump_first = read.change is None
    else:
        return False
    return True


def _value(text: str, names: Mapping[str, Any], where: str) -> Any:
    """The value of a name or a literal quantity, with the sign before it."""
    bare = text.strip()
    if re.fullmatch(r"[A-Za-z]\w*", bare):
        if bare not in names:
            raise UnknownNameError(where, bare, names)
        return names[bare]
    found = parse_expression(bare, set(), where)
    if not isinstance(found, Num):
        raise EquationError(where, f"{shorten(bare)} is no number", "a name, or 6*nS", _REMEDY)
    unit = found.unit.coherent if found.unit else "1"
    return found.value if unit == "1" else f"{found.value!r} {unit}"


def _negative(value: Any, where: str) -> Any:
    if isinstance(value, str):
        return value.strip()[1:] if value.strip().startswith("-") else f"-{value.strip()}"
    try:
        return -value
    except TypeError:
        raise EquationError(where, f"cannot subtract {shorten(value)}", "a number") from None


def _synapse(
    target: NeuronModel,
    jump: tuple[str, str, str],
    names: Mapping[str, Any],
    weight: Any,
    delay: Any,
) -> Synapse:
    variable, sign, expression = jump
    where = "synapses, on_pre"
    if expression == "w":
        given = names.get("w") if weight is None else weight
        if given is None:
            raise EquationError(where, "w has no value", "weight=...")
    else:
        given = _value(expression, names, where)
    if sign == "-":
        given = _negative(given, where)
    unit = target.block.units[variable]
    made = type(
        f"OnVariable_{variable}",
        (Synapse,),
        {
            "receives": variable,
            "weight_unit": str(unit),
            "neuron_names": {variable: str(unit)},
            "source": "a variable of the target, as Brian2's on_pre adds to",
            "__doc__": f"Jump of the target's {variable} by the weight.",
        },
    )
    synapse: Synapse = made(weight=given, delay=delay)
    return synapse


def _rule(
    pre: _Read, post: _Read, taus: Mapping[str, str], names: Mapping[str, Any]
) -> PlasticityRule:
    where = "synapses"
    texts: dict[str, str] = {}
    parameters: dict[str, Any] = {}
    values: dict[str, Any] = {}
    for side, read in (("pre", pre), ("post", post)):
        traces, spikes = [], []
        for trace, (sign, amount) in read.bumps.items():
            tau = taus[trace]
            parameters[tau] = parameter_of(tau, _value(tau, names, where))
            parameters[f"jump_{trace}"] = WeightParameter(
                0.0, meaning=f"what a spike adds to {trace}"
            )
            value = _value(amount, names, where)
            values[f"jump_{trace}"] = _negative(value, where) if sign == "-" else value
            traces.append(f"d{trace}/dt = -{trace}/{tau} : 1")
            spikes.append(f"{trace} {'+=' if sign else '='} 1")
        texts |= {f"{side}_traces": "\n".join(traces), f"{side}_spike": "\n".join(spikes)}
    for side, read, others in (("pre", pre, post), ("post", post, pre)):
        if read.change is None:
            continue
        sign, trace = read.change
        if trace not in others.bumps:
            raise EquationError(
                f"{where}, on_{side}",
                f"changes w by {trace!r}, which is a trace of the same side, or of none",
                "a trace that the other side's spikes raise",
            )
        texts[f"on_{side}"] = f"w {sign}= jump_{trace}*{trace}"
    if pre.change is not None and pre.jump_first:
        texts["variables"] = "delivered : weight"
        texts["on_pre"] = f"delivered = w; {texts['on_pre']}"
        texts["transmit"] = "delivered"
    values |= _bounds(pre, post, names)
    return PlasticityRule(parameters=parameters, name="Synapses", **texts, **values)


def _bounds(pre: _Read, post: _Read, names: Mapping[str, Any]) -> dict[str, Any]:
    told = {read.bounds for read in (pre, post) if read.change is not None}
    if len(told) > 1:
        raise EquationError("synapses", "two pairs of bounds of w", "the same clip() on both sides")
    bounds = told.pop() if told else None
    if bounds is None:
        return {"w_min": -1e9, "w_max": 1e9}
    low, high = (_value(bound, names, "synapses, clip") for bound in bounds)
    return {"w_min": low, "w_max": high}
