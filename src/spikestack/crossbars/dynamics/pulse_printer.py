"""Prints the compiled loops that pulse devices, and that let time pass."""

from __future__ import annotations

from .code import DeviceCode
from .printer import OUTER, Layout, adaptive, arguments, call, each, functions, loads, views

__all__ = ["pulse_source"]

#: Ends of the panels over which power is integrated where the state is known in closed form, as
#: shares of the pulse: relaxation may take but a small part of it.
_PANELS = tuple(8.0**-k for k in range(6, -1, -1))


def pulse_source(code: DeviceCode, layout: Layout) -> str:
    """The kernels ``pulse`` and ``rest``.

    ``pulse(volts, widths, counts, serials, energy, scalars, rows, states, low, high, key, ids,
    tol)``
    sends each device as many pulses as its count, at a constant voltage, by the closed form where
    there is one and in steps that adapt otherwise, and adds v i dt to ``energy``; ``serials`` are
    the pulses that each had before. It returns 0, or 1 and the number of the device at which the
    scheme gave up. ``rest(h, scalars, rows, states, low, high)`` goes by closed form without
    voltage; it is there where a device has one.
    """
    kernels = functions(code, False) + adaptive(code) + _pulse(code, layout)
    return kernels + (_rest(code, layout) if code.at_rest or code.solution else "")


def _pulse(code: DeviceCode, layout: Layout) -> str:
    n = len(code.states)
    head = (
        f"{OUTER}def pulse(volts, widths, counts, serials, energy, scalars, rows, states, low, "
        "high, key, ids, tol):\n"
    )
    lines = [*views(code, layout), "        for j in range(m):"]
    body = ["if counts[base + j] == 0:", "    continue", *loads(code, layout)]
    body += ["v, h = volts[base + j], widths[base + j]"]
    if code.solution and not code.noise:
        body += ["h *= counts[base + j]", *_closed(code)]
    else:
        body += ["words = bits64(key, ids[base + j])", "for c in range(counts[base + j]):"]
        step = ["word = bits64(words, np.uint64(serials[base + j] + c))"]
        step += [f"{each(n, 's#')}, used, fine = adaptive(v, v, v, h, tol, word, "
                 f"{each(n, 'l#, u#')}, {arguments(code)})"]  # fmt: skip
        step += ["if not fine:", "    return 1 + base + j", "energy[base + j] += used"]
        body += [f"    {line}" for line in step]
    body += [f"S{k}[j] = s{k}" for k in range(n)]
    lines += [f"            {line}" for line in body]
    return head + "\n".join([*lines, "    return 0", ""])


def _closed(code: DeviceCode) -> list[str]:
    """The solution at the end of h seconds, and the energy by Simpson's rule on panels."""
    n = len(code.states)
    now = each(n, "s#")

    def power_at(share: float) -> list[str]:
        lines = [f"{each(n, 'y#')}, = {call('solution', code, 'v', now, f'{share!r} * h')}"]
        lines += [f"y{k} = clip(y{k}, l{k}, u{k})" for k in range(n)]
        return [*lines, f"q = v * {call('current', code, 'v', each(n, 'y#'))}[0]"]

    lines = [f"a, used = v * {call('current', code, 'v', now)}[0], 0.0"]
    begin = 0.0
    for end in _PANELS:
        lines += [*power_at(0.5 * (begin + end)), "b = q", *power_at(end)]
        lines += [f"used += {(end - begin) / 6.0!r} * h * (a + 4.0 * b + q)", "a = q"]
        begin = end
    return [*lines, f"{now} = {each(n, 'y#')}", "energy[base + j] += used"]


def _rest(code: DeviceCode, layout: Layout) -> str:
    n = len(code.states)
    head = f"{OUTER}def rest(h, scalars, rows, states, low, high):\n"
    name = "at_rest" if code.at_rest else "solution"
    lines = [*views(code, layout), "        for j in range(m):"]
    body = [*loads(code, layout)]
    body += [f"{each(n, 'y#')}, = {call(name, code, '0.0', each(n, 's#'), 'h')}"]
    body += [f"S{k}[j] = clip(y{k}, l{k}, u{k})" for k in range(n)]
    lines += [f"            {line}" for line in body]
    return head + "\n".join([*lines, ""])
