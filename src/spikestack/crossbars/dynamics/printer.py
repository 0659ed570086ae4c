"""Prints a device's code as compiled loops over many devices.

Generated source holds only names of our own making and ``repr`` floats; nothing that a user wrote
is in it.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...engines.cpu.printer import operation
from .code import VOLTAGE, DeviceCode, Function

__all__ = [
    "OUTER",
    "Layout",
    "adaptive",
    "arguments",
    "call",
    "drive_source",
    "each",
    "functions",
    "loads",
    "views",
]

#: Devices whose states stay in the nearest cache while their steps are made.
CHUNK = 256
#: Steps, refused ones included, that an adaptive scheme may take where one was asked for.
MOST_STEPS = 1_000_000
#: Parts of an adaptive step at least, where there is noise.
_PARTS = 16
#: Share of its range that a state moves at most in one adaptive step, by its slope.
_REACH = 0.05
_HEAD = """
from numba import njit
import numpy as np
from spikestack.engines.cpu.intrinsics import select
from spikestack.numerics.functions_compiled import exp64 as exp_, log64 as log_
from spikestack.numerics.random_compiled import bits64, normal

real = np.float64
"""
_INLINE = '\n\n@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)\n'
OUTER = '\n\n@njit(cache=True, nogil=True, error_model="numpy")\n'


@dataclass(frozen=True)
class Layout:
    """Which parameters have one value for each device, and whether voltages do."""

    rows: tuple[int, ...]
    shared_voltage: bool = True


def each(n: int, text: str, separator: str = ", ") -> str:
    """`text` for every state, with its number for ``#``."""
    return separator.join(text.replace("#", str(k)) for k in range(n))


def arguments(code: DeviceCode) -> str:
    return ", ".join([each(len(code.states), "s#"), *_params(code)])


def _params(code: DeviceCode) -> list[str]:
    return [f"p{k}" for k in range(len(code.parameters))]


def _function(name: str, code: DeviceCode, function: Function, head: str) -> str:
    """A function of voltage, duration, states and parameters."""
    lines = []
    for i, ins in enumerate(function.instructions):
        match ins.op:
            case "const":
                text = f"real({ins.data!r})"
            case "state":
                text = f"s{ins.data}"
            case "param":
                text = f"p{ins.data}"
            case "signal":
                text = "v" if ins.data == VOLTAGE else "d"
            case _:
                text = operation(ins)
        lines.append(f"    x{i} = {text}")
    results = ", ".join(f"real(x{i})" for i in function.results)
    comma = "," if len(function.results) == 1 else ""
    body = "\n".join([*lines, f"    return ({results}{comma})"])
    return f"{head}def {name}(v, d, {arguments(code)}):\n{body}\n"


def functions(code: DeviceCode, inline: bool) -> str:
    """The functions of a device: `inline` into loops that become vector instructions.

    Schemes that adapt cannot, and need the power along with the rates.
    """
    wanted = {
        "rate" if inline else "flow": code.rate if inline else code.flow,
        "current": code.current, "noise": code.noise,
        "solution": code.solution, "at_rest": code.at_rest,
    }  # fmt: skip
    clip = f"{_INLINE}def clip(x, a, b):\n    y = select(x < a, a, x)\n"
    clip += "    return select(y > b, b, y)\n"
    head = _INLINE if inline else OUTER
    made = [_function(name, code, found, head) for name, found in wanted.items() if found]
    return "".join([_HEAD, clip, *made])


def call(name: str, code: DeviceCode, v: str, states: str, d: str = "0.0") -> str:
    return f"{name}({v}, {d}, {', '.join([states, *_params(code)])})"


def _noise_lines(code: DeviceCode, v: str, before: str, length: str, serial: str) -> list[str]:
    """Noise added to ``y#``, of the intensity at the beginning of the step."""
    if code.noise is None:
        return []
    n = len(code.states)
    lines = [f"{each(n, 'e#')}, = {call('noise', code, v, each(n, before))}"]
    lines += [
        f"y{k} = clip(y{k} + e{k} * np.sqrt({length})"
        f" * normal(word, np.uint64({serial} * {n} + {k})), l{k}, u{k})"
        for k in range(n)
    ]
    return lines


def adaptive(code: DeviceCode) -> str:
    """``adaptive(...)``: Bogacki and Shampine 1989, over one step of length h.

    The voltage is a parabola through its beginning, middle and end. Steps are refused where the
    two solutions, before they are held within the bounds, differ by more than `tol` of the range; a
    state at a bound, which all slopes keep there, counts for nothing. No step moves a state further
    than a twentieth of its range at its slope, so that no kink is passed over by chance. Returns
    the states, the energy, and whether all went well.
    """
    n = len(code.states)
    bounds = each(n, "l#, u#")
    head = f"def adaptive(va, vb, vc, h, tol, word, {bounds}, {arguments(code)}):\n"
    cap = f"h / {_PARTS}.0" if code.noise else "h"
    again = f"{each(n, 'a#')}, q1 = {call('flow', code, 'v1', each(n, 's#'))}"
    lines = [
        "    rise, bend = 4.0 * vb - 3.0 * va - vc, 2.0 * (va - 2.0 * vb + vc)",
        f"    step, left, energy, v1 = {cap}, h, 0.0, va",
        f"    {each(n, 'a#')}, q1 = {call('flow', code, 'v1', each(n, 's#'))}",
        f"    for turn in range({MOST_STEPS}):",
        *_reach(code),
        "        last = step >= left",
        "        step = left if last else step",
        "        t = h - left",
        *_stages(code),
        "        if error <= tol:",
        "            energy += step * (2.0 * q1 + 3.0 * q2 + 4.0 * q3) / 9.0",
        *(f"            {line}" for line in _noise_lines(code, "v1", "s#", "step", "turn")),
        f"            {each(n, 's#')} = {each(n, 'y#')}",
        "            if last:",
        f"                return {each(n, 's#')}, energy, True",
        "            left -= step",
        "            v1 = v4",
        "            " + (again if code.noise else f"{each(n, 'a#')}, q1 = {each(n, 'd#')}, q4"),
        "            grow = 5.0 if error < 0.005 * tol else 0.9 * exp_(log_(tol / error) / 3.0)",
        f"            step = min(step * max(grow, 0.2), {cap})",
        "        else:",
        "            shrink = 0.9 * exp_(log_(tol / error) / 3.0)",
        "            step *= shrink if shrink > 0.05 else 0.05",
        f"    return {each(n, 's#')}, energy, False",
    ]
    return OUTER + head + "\n".join(lines) + "\n"


def _reach(code: DeviceCode) -> list[str]:
    """Bound the step by how fast states move that no bound holds."""
    lines = ["fast = 1e-300"]
    for k in range(len(code.states)):
        lines += [
            f"w = abs(a{k}) / (u{k} - l{k} if u{k} - l{k} < np.inf else abs(s{k}) + 1.0)",
            f"held = (s{k} <= l{k} and a{k} <= 0.0) or (s{k} >= u{k} and a{k} >= 0.0)",
            "fast = fast if held or w <= fast else w",
        ]
    lines += [f"step = min(step, {_REACH} / fast)"]
    return [f"        {line}" for line in lines]


def _stages(code: DeviceCode) -> list[str]:
    """Four slopes, two solutions, their difference as a share of the range."""
    n = len(code.states)

    def volts(share: str) -> str:
        return f"va + (t + {share} * step) / h * (rise + (t + {share} * step) / h * bend)"

    def state(name: str, change: str) -> list[str]:
        return [
            f"{name}{k} = clip(s{k} + step * ({change.replace('#', str(k))}), l{k}, u{k})"
            for k in range(n)
        ]

    lines = [f"v2 = {volts('0.5')}", *state("m", "0.5 * a#")]
    lines += [f"{each(n, 'b#')}, q2 = {call('flow', code, 'v2', each(n, 'm#'))}"]
    lines += [f"v3 = {volts('0.75')}", *state("n", "0.75 * b#")]
    lines += [f"{each(n, 'c#')}, q3 = {call('flow', code, 'v3', each(n, 'n#'))}"]
    lines += [f"v4 = {volts('1.0')}"]
    for k in range(n):
        lines += [f"r{k} = s{k} + step * (2.0 * a{k} + 3.0 * b{k} + 4.0 * c{k}) / 9.0"]
        lines += [f"y{k} = clip(r{k}, l{k}, u{k})"]
    lines += [f"{each(n, 'd#')}, q4 = {call('flow', code, 'v4', each(n, 'y#'))}", "error = 0.0"]
    for k in range(n):
        every = " and ".join(f"{x}{k} {{0}} 0.0" for x in "abcd")
        low, high = every.format("<="), every.format(">=")
        lines += [
            f"z = s{k} + step * (7.0 * a{k} + 6.0 * b{k} + 8.0 * c{k} + 3.0 * d{k}) / 24.0",
            f"w = u{k} - l{k}",
            f"w = w if w < np.inf else abs(s{k}) + 1.0",
            f"w = abs(r{k} - z) / w",
            f"held = (s{k} <= l{k} and {low}) or (s{k} >= u{k} and {high})",
            "w = 0.0 if held else w",
            "error = error if w <= error else w",
        ]
    return [f"        {line}" for line in lines]


def _fixed(code: DeviceCode, method: str) -> list[str]:
    """One step of a scheme without branches, from ``s#`` to ``y#``; voltages va, vb, vc."""
    n = len(code.states)
    now = each(n, "s#")

    def slope(name: str, v: str, states: str) -> str:
        return f"{each(n, name + '#')}, = {call('rate', code, v, states)}"

    def state(name: str, change: str) -> list[str]:
        return [
            f"{name}{k} = clip(s{k} + h * ({change.replace('#', str(k))}), l{k}, u{k})"
            for k in range(n)
        ]

    lines = [] if method == "exact" else [slope("a", "va", now)]
    match method:
        case "euler":
            lines += state("y", "a#")
        case "heun":
            lines += [*state("m", "a#"), slope("b", "vc", each(n, "m#"))]
            lines += state("y", "0.5 * (a# + b#)")
        case "rk4":
            lines += [*state("m", "0.5 * a#"), slope("b", "vb", each(n, "m#"))]
            lines += [*state("n", "0.5 * b#"), slope("c", "vb", each(n, "n#"))]
            lines += [*state("o", "c#"), slope("d", "vc", each(n, "o#"))]
            lines += state("y", "(a# + 2.0 * b# + 2.0 * c# + d#) / 6.0")
        case _:
            lines += [f"{each(n, 'y#')}, = {call('solution', code, 'vb', now, 'h')}"]
            lines += [f"y{k} = clip(y{k}, l{k}, u{k})" for k in range(n)]
    if code.noise:
        lines += ["word = bits64(words, ids[base + j])"]
    return lines + _noise_lines(code, "va", "s#", "h", "0")


def views(code: DeviceCode, layout: Layout) -> list[str]:
    """Scalars, then views of a chunk's rows, states and bounds."""
    n = len(code.states)
    lines = [
        f"    p{k} = scalars[{k}]" for k in range(len(code.parameters)) if k not in layout.rows
    ]
    lines += ["    count = states.shape[1]", f"    for base in range(0, count, {CHUNK}):"]
    lines += [f"        m = min({CHUNK}, count - base)"]
    for k in range(n):
        for name, array in (("S", "states"), ("L", "low"), ("U", "high")):
            lines.append(f"        {name}{k} = {array}[{k}, base : base + m]")
    lines += [f"        R{k} = rows[{i}, base : base + m]" for i, k in enumerate(layout.rows)]
    return lines


def loads(code: DeviceCode, layout: Layout, bounds: bool = True) -> list[str]:
    """The values of device j."""
    lines = [f"s{k} = S{k}[j]" for k in range(len(code.states))]
    if bounds:
        lines += [f"l{k}, u{k} = L{k}[j], U{k}[j]" for k in range(len(code.states))]
    return lines + [f"p{k} = R{k}[j]" for k in layout.rows]


def drive_source(code: DeviceCode, layout: Layout, method: str) -> str:
    """The kernel ``drive(volts, h, scalars, rows, states, low, high, every, kept, currents, key,
    ids, tol)``.

    ``volts`` has a row for each half step and one column, or one for each device. Every `every`
    steps, and at the start, states go to ``kept`` (time, state, device) and currents beside them.
    It returns 0, or 1 and the number of the device at which an adaptive scheme gave up.
    """
    n = len(code.states)
    head = (
        f"{OUTER}def drive(volts, h, scalars, rows, states, low, high, every, kept, currents, "
        "key, ids, tol):\n    n_steps = (volts.shape[0] - 1) // 2\n"
    )
    at = "0" if layout.shared_voltage else "base + j"
    volts = [f"{v} = volts[2 * t + {k}, {at}]" for k, v in enumerate(("va", "vb", "vc"))]
    lines = [*views(code, layout), "        slot = 0", "        for t in range(n_steps + 1):"]
    lines += ["            if every > 0 and t % every == 0:", "                for j in range(m):"]
    keep = [*loads(code, layout, bounds=False), f"va = volts[2 * t, {at}]"]
    keep += [f"currents[slot, base + j] = {call('current', code, 'va', each(n, 's#'))}[0]"]
    keep += [f"kept[slot, {k}, base + j] = s{k}" for k in range(n)]
    lines += [f"                    {line}" for line in keep]
    lines += ["                slot += 1", "            if t == n_steps:", "                break"]
    lines += ["            words = bits64(key, np.uint64(t))"]
    lines += [f"            {line}" for line in volts if layout.shared_voltage]
    lines += ["            for j in range(m):"]
    body = [line for line in volts if not layout.shared_voltage] + loads(code, layout)
    if method == "adaptive":
        bounds = each(n, "l#, u#")
        body += ["word = bits64(words, ids[base + j])"]
        body += [f"{each(n, 'y#')}, used, fine = adaptive(va, vb, vc, h, tol, word, {bounds}, "
                 f"{arguments(code)})"]  # fmt: skip
        body += ["if not fine:", "    return 1 + base + j"]
    else:
        body += _fixed(code, method)
    body += [f"S{k}[j] = y{k}" for k in range(n)]
    lines += [f"                {line}" for line in body]
    own_steps = adaptive(code) if method == "adaptive" else ""
    return (
        functions(code, method != "adaptive")
        + own_steps
        + head
        + "\n".join([*lines, "    return 0", ""])
    )
