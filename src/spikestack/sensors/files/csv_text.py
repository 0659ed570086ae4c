"""Events as text, a line each: ``t,x,y,p`` or ``t,unit``, with or without a line of names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from ...errors import FileFormatError, UnknownNameError, ValidationError, shorten
from ...numerics.compiling import njit
from ..events import CameraEvents, Events, UnitEvents
from .base import Columns, EventFormat, Header, Truncated

__all__ = ["FORMAT"]

_NAMES = {
    "t": ("t", "ts", "time", "timestamp", "t_us"),
    "x": ("x", "col", "column"),
    "y": ("y", "row"),
    "p": ("p", "on", "pol", "polarity"),
    "unit": ("unit", "units", "id", "ids", "channel", "neuron", "address", "sender", "senders"),
}
_ROLES = {given: role for role, names in _NAMES.items() for given in names}
_EXPONENTS = {"s": 6, "ms": 3, "us": 0, "ns": -3}
_SIZES = {"x": "width", "y": "height", "unit": "units"}
_BLOCK, _LONGEST = 1 << 22, 4096
_TEXT = bytes(range(32, 256)) + b"\t\r\n"


@dataclass(frozen=True)
class Csv(EventFormat):
    """Numbers between commas, semicolons, tabs or spaces; lines that begin with # are skipped.

    Times may have a fraction and an exponent; what is below a microsecond is rounded. A polarity is
    1, or 0 or -1. The size of the sensor may stand behind names: ``t,x@640,y@480,on``, as faery
    writes it. A last line without line break is taken for whole only if it ends with a polarity.

    Parameters
    ----------
    columns
        What the columns are, such as ``"x,y,p,t"``; others are skipped. By default as the first
        line says, or else ``t,x,y,p`` for four and ``t,unit`` for two.
    time_unit
        ``"us"``, ``"ms"``, ``"s"`` or ``"ns"``.
    """

    name = "csv"
    summary = "text, a line for each event: t,x,y,p or t,unit"
    suffixes = (".csv", ".txt", ".tsv")

    columns: str | None = None
    time_unit: str = "us"

    def matches(self, head: bytes, suffix: str) -> bool:
        """By the ending of its name, if it is text."""
        return suffix in self.suffixes and not head.translate(None, _TEXT)

    def header(self, file: BinaryIO) -> Header:
        """The line of names, if there is one."""
        if self.time_unit not in _EXPONENTS:
            raise UnknownNameError("csv, time_unit", self.time_unit, _EXPONENTS)
        offset, line = 0, b""
        while raw := file.readline(_LONGEST):
            line = raw.strip()
            if line and not line.startswith(b"#"):
                break
            offset += len(raw)
            line = b""
        if not line:
            raise FileFormatError("a text without lines of events, and without names of columns")
        separator = next((s for s in (",", ";", "\t") if s.encode() in line), " ")
        text = line.decode("utf-8", "replace").lstrip("\ufeff")
        first = [n.strip().strip('"').lower() for n in _split(text, separator)]
        told = (
            None if self.columns is None else [n.strip().lower() for n in self.columns.split(",")]
        )
        sizes: dict[str, int] = {}
        numbers = [_is_number(n) for n in first]
        if told is not None and len(told) == len(first):
            numbers = [is_one for name, is_one in zip(told, numbers) if name in _ROLES]
        if all(numbers):
            names = {4: ["t", "x", "y", "p"], 2: ["t", "unit"]}.get(len(first), [""] * len(first))
        elif not raw.endswith(b"\n"):
            raise FileFormatError("a text that ends within its first line")
        else:
            offset += len(raw)
            names, sizes = _sizes(first)
        names = names if told is None else told
        roles = [_ROLES.get(name, "") for name in names]
        kind = UnitEvents if "unit" in roles else CameraEvents
        for role in kind.columns:
            if roles.count(role) != 1:
                raise FileFormatError(
                    f"a text with columns {shorten(names)}, of which {roles.count(role)} are "
                    f"{role!r}; pass columns='t,x,y,p' in the order of the file"
                )
        wanted = ("units",) if kind is UnitEvents else ("width", "height")
        geometry = {name: sizes[name] for name in wanted if sizes.get(name)}
        about = {"columns": names, "roles": roles, "separator": separator}
        return Header(geometry if len(geometry) == len(wanted) else {}, kind, about, offset)

    def chunks(self, file: BinaryIO, header: Header, most: int) -> Iterator[Columns]:
        """Parse."""
        kinds = header.kind.columns
        order = list(kinds)
        roles = np.array([order.index(r) if r else -1 for r in header.about["roles"]], np.int64)
        separator = ord(header.about["separator"])
        line, rest, ended = 0, b"", False
        file.seek(header.offset)
        while not ended:
            read = file.read(min(_BLOCK, 16 * most + _LONGEST))
            ended = not read
            data = rest + read
            last = "" if not ended else _last(data, header)
            data, rest = (data + b"\n", b"") if last == "whole" else _at_break(data)
            if len(rest) > _LONGEST:
                raise FileFormatError(f"a line of more than {_LONGEST} characters")
            at, text = 0, np.frombuffer(data, np.uint8)
            while at < len(text):
                n = min(most, 1 + (len(text) - at) // (2 * len(roles)))
                out = np.empty((len(order), n), np.int64)
                state = np.array([at, 0, 0, line], np.int64)
                _parse(text, separator, roles, _EXPONENTS[self.time_unit], out, state)
                at, k, bad, line = (int(v) for v in state)
                if k:
                    yield _checked(out[:, :k], order, kinds)
                if bad:
                    if last == "whole" and data.find(b"\n", at) == len(data) - 1:
                        last = "cut"
                        break
                    shown = data[at : at + 60].split(b"\n")[0].decode("utf-8", "replace")
                    raise FileFormatError(f"event {line}: no event can be read from {shown!r}")
            if last == "cut" or (ended and rest.strip()):
                raise Truncated("its last line has no line break")

    def write(self, file: BinaryIO, events: Events, **settings: Any) -> None:
        """Write events with a line of names and sizes, times in microseconds."""
        if settings:
            raise ValidationError("csv", f"unknown settings {sorted(settings)}", "none")
        if isinstance(events, CameraEvents):
            names = ["t", f"x@{events.width}", f"y@{events.height}", "on"]
        else:
            names = ["t", f"unit@{events.size}"]
        file.write((",".join(names) + "\n").encode())
        form = ",".join(["%d"] * len(names)) + "\n"
        for first in range(0, len(events), 1 << 16):
            part = events[first : first + (1 << 16)]
            table = np.stack([getattr(part, n).astype(np.int64) for n in part.columns], axis=1)
            file.write((form * len(part) % tuple(table.ravel().tolist())).encode())


def _split(text: str, separator: str) -> list[str]:
    return text.split() if separator == " " else text.split(separator)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _sizes(names: list[str]) -> tuple[list[str], dict[str, int]]:
    """Names of columns, and the sizes that stand behind them."""
    plain, sizes = [], {}
    for given in names:
        name, _, size = given.partition("@")
        role = _ROLES.get(name, "")
        if role in _SIZES and size.isascii() and size.isdigit() and len(size) < 10:
            sizes[_SIZES[role]] = int(size)
        plain.append(name)
    return plain, sizes


def _at_break(data: bytes) -> tuple[bytes, bytes]:
    cut = data.rfind(b"\n") + 1
    return data[:cut], data[cut:]


def _last(data: bytes, header: Header) -> str:
    """Whether a last line without line break may be whole."""
    tail = _at_break(data)[1]
    whole = header.about["roles"][-1] == "p" or tail.endswith(b"\r")
    return "whole" if whole and tail.strip() else ""


def _checked(out: np.ndarray, order: list[str], kinds: dict[str, type]) -> Columns:
    columns = dict(zip(order, out))
    if "p" in columns:
        p = columns["p"]
        if len(p) and (p.min() < -1 or p.max() > 1):
            bad = p.min() if p.min() < -1 else p.max()
            raise FileFormatError(f"a polarity of {bad}, and 1, 0 and -1 are known")
        columns["p"] = np.maximum(p, 0)
    for name, column in columns.items():
        limits = np.iinfo(kinds[name])
        if len(column) and (column.min() < limits.min or column.max() > limits.max):
            bad = column.min() if column.min() < limits.min else column.max()
            raise FileFormatError(f"{name} of {bad}, and {limits.min} to {limits.max} are possible")
    return {name: column.astype(kinds[name]) for name, column in columns.items()}


@njit(cache=True, nogil=True)
def _number(data, at, exponent):  # type: ignore[no-untyped-def]
    """A number times 10^exponent, rounded: where it ends, its value, is it one, was it whole."""
    negative = data[at] == 45
    if negative or data[at] == 43:
        at += 1
    mantissa, digits, before = np.int64(0), 0, True
    while True:
        c = data[at]
        if 48 <= c <= 57:
            digits += 1
            if mantissa < 10**17:
                mantissa = mantissa * 10 + (np.int64(c) - 48)
                exponent -= not before
            elif before:
                return at, mantissa, False, False
        elif c == 46 and before:
            before = False
        else:
            break
        at += 1
    good, power = digits > 0, 0
    if good and (data[at] == 101 or data[at] == 69):
        at += 1
        down = data[at] == 45
        if down or data[at] == 43:
            at += 1
        good = 48 <= data[at] <= 57
        while 48 <= data[at] <= 57:
            power = min(power * 10 + (np.int64(data[at]) - 48), 1000)
            at += 1
        exponent += -power if down else power
    while exponent > 0 and mantissa > 0:
        if mantissa > 10**17:
            return at, mantissa, False, False
        mantissa *= 10
        exponent -= 1
    whole = True
    if exponent < -18:
        whole, mantissa = mantissa == 0, 0
    elif exponent < 0:
        by = np.int64(10) ** -exponent
        whole = mantissa % by == 0
        mantissa = mantissa // by + (2 * (mantissa % by) >= by)
    return at, -mantissa if negative else mantissa, good, whole


@njit(cache=True, nogil=True)
def _parse(data, separator, roles, time_exponent, out, state):  # type: ignore[no-untyped-def]
    """Lines from state[0] on; every line has its line break. Sets place, count, fault, line."""
    at, k = state[0], 0
    while at < len(data) and k < out.shape[1]:
        begin = at
        while data[at] == 32 or data[at] == 9 or data[at] == 13:
            at += 1
        if data[at] == 10 or data[at] == 35:
            while data[at] != 10:
                at += 1
            at += 1
            continue
        good = True
        for j in range(len(roles)):
            if roles[j] >= 0:
                at, value, number, whole = _number(data, at, time_exponent if roles[j] == 0 else 0)
                good &= number and (whole or roles[j] == 0)
                out[roles[j], k] = value
            else:
                while data[at] != separator and data[at] != 10 and data[at] != 9:
                    at += 1
            while data[at] == 32 or data[at] == 13 or (data[at] == 9 and separator != 9):
                at += 1
            if j + 1 < len(roles):
                if separator != 32:
                    good &= data[at] == separator
                    at += data[at] != 10
                    while data[at] == 32:
                        at += 1
                else:
                    good &= data[at] != 10
            else:
                good &= data[at] == 10
            if not good:
                state[0], state[1], state[2] = begin, k, 1
                state[3] += k
                return
        at += 1
        k += 1
    state[0], state[1], state[2] = at, k, 0
    state[3] += k


FORMAT = Csv()
