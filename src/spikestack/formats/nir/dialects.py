"""What a NIR file means in the tool that wrote it: one entry for each tool.

A file holds differential equations; every tool has its own steps for them. An entry tells these
steps, as assignments to the variables of a neuron: ``v``, ``current`` where there
is a synaptic one, and ``x``, what arrives in this step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ...errors import UnknownNameError, ValidationError, shorten

__all__ = ["DIALECTS", "EXACT", "Dialect", "Reset", "dialect_of"]

_INTEGRATE = "v = v + dt*r*x"
_LEAK = "v = v_leak + (v - v_leak)*exp(-dt/tau) + r*x*(1 - exp(-dt/tau))"
_CUBA = """
    v = v_leak + (v - v_leak)*exp(-dt/tau_mem) + r*w_in*x*(1 - exp(-dt/tau_mem)) \
+ r*(current - w_in*x)*exp(-min(dt/tau_mem, dt/tau_syn))*dt/tau_mem\
*exprel(-abs(dt/tau_mem - dt/tau_syn))
    current = w_in*x + (current - w_in*x)*exp(-dt/tau_syn)
"""
_EULER_LEAK = "v = v + dt/tau*(v_leak - v + r*x)"
_EULER_CUBA = """
    current = current + dt/tau_syn*(w_in*x - current)
    v = v + dt/tau_mem*(v_leak - v + r*current)
"""
_STEP = "v = v + r*x"
#: As Spikestack's own neurons do: the current flows first, and what arrives is added then.
_FLOW_THEN_JUMP = """
    v = v_leak + (v - v_leak)*exp(-dt/tau_mem) \
+ r*current*exp(-min(dt/tau_mem, dt/tau_syn))*dt/tau_mem*exprel(-abs(dt/tau_mem - dt/tau_syn))
    current = current*exp(-dt/tau_syn) + dt/tau_syn*w_in*x
"""

#: The solution of the equations for an input that is held over the step.
EXACT = {
    "I": _INTEGRATE, "IF": _INTEGRATE, "LI": _LEAK, "LIF": _LEAK, "CubaLI": _CUBA, "CubaLIF": _CUBA,
}  # fmt: skip
#: Forward Euler, the current first.
EULER = {
    "I": _INTEGRATE, "IF": _INTEGRATE, "LI": _EULER_LEAK, "LIF": _EULER_LEAK,
    "CubaLI": _EULER_CUBA, "CubaLIF": _EULER_CUBA,
}  # fmt: skip
#: Integrators count steps and know no time.
STEPS = {"I": _STEP, "IF": _STEP}


@dataclass(frozen=True)
class Reset:
    """What a spike does to the potential.

    Attributes
    ----------
    at_spike
        Assignments at the spike.
    before, after
        Assignments before and after the update, in every step.
    less
        What is taken off v where it is compared with the threshold.
    """

    at_spike: str = "v = v_reset"
    before: str = ""
    after: str = ""
    less: str = ""


#: By what `read` calls them: (reset, reset_delay).
_RESETS = {
    ("to_value", False): Reset(),
    ("subtract", False): Reset("v = v - v_threshold"),
    ("none", False): Reset(""),
}
_OVER = "over = where(v > v_threshold, 1, 0)"
_ZERO = "v = where(over > 0.5, v_reset, v)"
#: Those of snnTorch look at the potential of the step before.
_SNNTORCH = {
    ("subtract", True): Reset("", _OVER, "v = v - over*v_threshold"),
    ("subtract", False): Reset("v = v - v_threshold", _OVER, "", "over*v_threshold"),
    ("to_value", True): Reset("", _OVER, _ZERO),
    ("to_value", False): Reset("v = v_reset", _OVER, _ZERO),
    ("none", False): Reset(""),
    ("none", True): Reset(""),
}
#: `Leaky` outside loops keeps the input of a step that begins with a reset to zero.
_LEAKY = {
    ("to_value", True): Reset("", f"{_OVER}\n{_ZERO}"),
    ("to_value", False): Reset("v = v_reset", f"{_OVER}\n{_ZERO}"),
}
_SINABS = {
    ("subtract", False): Reset("v = v - floor(v/v_threshold)*v_threshold"),
    ("to_value", False): Reset("v = v_reset"),
}
_SPYX = {("subtract", False): Reset("", _OVER, "v = v - over*v_threshold")}


@dataclass(frozen=True)
class Dialect:
    """How a tool runs what it wrote.

    Attributes
    ----------
    name
        As `read` takes it.
    tool
        Which tool, of which version.
    updates
        By node type, the assignments that take a neuron over a step.
    unit
        Of times in its files; None where a file must tell.
    dt
        Its step in ms; None where the reader must tell.
    strict
        Whether a spike needs v above the threshold, or at it is enough.
    options
        What its files do not say and `read` may be told, with what is taken otherwise.
    resets
        What a spike may do, by the options ``reset`` and ``reset_delay``.
    resets_of
        The same for some node types; ``"LIF alone"`` are those that do not feed back on themselves.
    start
        The parameter at whose value v begins, by node type; 0 without.
    late
        Types whose spikes act, and are shown, one step after v has crossed the threshold.
    channels_last
        Whether Flatten takes images as (height, width, channels), whatever the file says.
    input_to_loop
        Whether its exporter leads the input of recurrent layers to ``w_rec``, where it does not go.
    batch_axes
        Whether its exporter writes inputs and outputs with axes of length 1 before the others.
    measured
        Whether golden files of the tool itself stand behind the entry.
    """

    name: str
    tool: str
    updates: Mapping[str, str]
    unit: str | None = None
    dt: float | None = None
    strict: bool = True
    options: Mapping[str, Any] = field(default_factory=lambda: {"reset": "to_value"})
    resets: Mapping[tuple[str, bool], Reset] = field(default_factory=lambda: _RESETS)
    resets_of: Mapping[str, Mapping[tuple[str, bool], Reset]] = field(default_factory=dict)
    start: Mapping[str, str] = field(default_factory=dict)
    late: tuple[str, ...] = ()
    channels_last: bool = False
    input_to_loop: bool = False
    batch_axes: bool = False
    measured: bool = False

    def reset_of(self, kind: str, feeds_back: bool) -> Reset:
        """What a spike does to neurons of a type."""
        key = (self.options["reset"], self.options.get("reset_delay", False))
        alone = f"{kind} alone"
        if not feeds_back and key in self.resets_of.get(alone, {}):
            return self.resets_of[alone][key]
        return self.resets_of.get(kind, self.resets)[key]


_AT_REST = {"LI": "v_leak", "LIF": "v_leak", "CubaLI": "v_leak", "CubaLIF": "v_leak"}
_AT_RESET = {"IF": "v_reset", "LIF": "v_reset", "CubaLIF": "v_reset"}
_NORSE_CUBA = """
    current = current + w_in*x
    v = v + dt/tau_mem*(v_leak - v + r*current)
    current = current - dt/tau_syn*current
"""
_SPYX_LEAK = "v = v*(1 - dt/tau) + x"
_SPYX_CUBA = """
    current = current*(1 - dt/tau_syn) + x
    v = v*(1 - dt/tau_mem) + current
"""
_ROCKPOOL_CUBA = """
    current = (current + x)*exp(-dt/tau_syn)
    v = v*exp(-dt/tau_mem) + current
"""
_SINABS_PLAIN = "v = v*exp(-dt/tau) + x"
_SINABS_NORMED = "v = v*exp(-dt/tau) + (1 - exp(-dt/tau))*x"

#: By name; ``""`` is NIR itself.
DIALECTS: dict[str, Dialect] = {
    d.name: d
    for d in (
        Dialect("", "NIR itself", EXACT, start=_AT_REST, measured=True),
        Dialect(
            "spikestack", "Spikestack",
            EXACT | {"CubaLI": _FLOW_THEN_JUMP, "CubaLIF": _FLOW_THEN_JUMP},
            unit="s", strict=False, start=_AT_REST, measured=True,
        ),
        Dialect(
            "snntorch", "snnTorch 1.0", EULER | STEPS, unit="s", dt=0.1,
            options={"reset": "subtract", "reset_delay": True},
            resets=_SNNTORCH, resets_of={"LIF alone": _LEAKY}, measured=True,
        ),
        Dialect(
            "norse", "Norse 1.1",
            EULER | STEPS | {"CubaLI": _NORSE_CUBA, "CubaLIF": _NORSE_CUBA},
            unit="s", dt=1.0, start=_AT_REST | {"IF": "v_reset"}, measured=True,
        ),
        Dialect(
            "spikingjelly", "SpikingJelly 2.0", EULER, unit="s", strict=False, start=_AT_RESET,
            measured=True,
        ),
        Dialect(
            "sinabs", "Sinabs 3.1", STEPS | {"LI": _SINABS_NORMED, "LIF": _SINABS_NORMED},
            unit="steps", dt=1.0, strict=False,
            options={
                "reset": "subtract", "norm_input": True, "spikes": "many", "min_v_mem": None,
            },
            resets=_SINABS, measured=True,
        ),
        Dialect(
            "spyx", "Spyx 1.0",
            STEPS | {"LI": _SPYX_LEAK, "LIF": _SPYX_LEAK, "CubaLIF": _SPYX_CUBA},
            unit="s", options={"reset": "subtract"}, resets=_SPYX,
            resets_of={"CubaLIF": {("subtract", False): Reset("v = v - v_threshold")}},
            late=("IF", "LIF", "CubaLIF"), channels_last=True, input_to_loop=True, measured=True,
        ),
        Dialect(
            "rockpool", "Rockpool 3.1",
            {"LI": "v = (v + x)*exp(-dt/tau)", "CubaLIF": _ROCKPOOL_CUBA}, unit="s", strict=False,
            options={"reset": "subtract", "spikes": "many"}, resets=_SINABS, batch_axes=True,
            measured=True,
        ),
        Dialect("lava-dl", "Lava-DL 0.6", EULER | STEPS, unit="s", dt=0.1, strict=False),
        Dialect("nengo", "Nengo 4", EXACT, unit="s", dt=1.0),
    )
}  # fmt: skip
_WORDS = {
    "reset": ("to_value", "subtract", "none"), "reset_delay": (True, False),
    "norm_input": (True, False), "spikes": ("one", "many"),
}  # fmt: skip


def dialect_of(name: Any, options: Mapping[str, Any]) -> Dialect:
    """The entry of a name, with the options that a reader gives.

    Raises
    ------
    UnknownNameError
        If there is no such dialect or option.
    ValidationError
        If an option has no such value, or not together with another.
    """
    if name is not None and name not in DIALECTS:
        raise UnknownNameError("read, dialect", name, (n for n in DIALECTS if n))
    found = DIALECTS[name or ""]
    for key, value in options.items():
        where = f"read, {key}"
        if key not in found.options:
            raise UnknownNameError(f"read, option of {found.tool}", key, found.options)
        if key in _WORDS and value not in _WORDS[key]:
            raise ValidationError(where, f"got {shorten(value)}", f"one of {_WORDS[key]}")
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if key not in _WORDS and value is not None and not number:
            raise ValidationError(where, f"got {shorten(value)}", "a number, or None")
    made = replace(found, options={**found.options, **options})
    chosen = (made.options["reset"], made.options.get("reset_delay", False))
    if chosen not in made.resets:
        kinds = sorted({kind for kind, _ in made.resets})
        raise ValidationError("read, reset", f"{chosen[0]!r} with {made.tool}", f"one of {kinds}")
    if made.options.get("norm_input") is False:
        made = replace(made, updates={**made.updates, "LI": _SINABS_PLAIN, "LIF": _SINABS_PLAIN})
    return made
