"""Events over a network, and recordings at the pace at which they were made."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np

from ..errors import UnknownNameError, ValidationError, shorten
from .events import CameraEvents, Events

__all__ = ["LAYOUTS", "EventReceiver", "EventSender", "Traffic", "paced"]

#: How an event is laid out in a datagram, little-endian and packed (AEStream, faery).
LAYOUTS = {
    "t64_x16_y16_on8": np.dtype([("t", "<u8"), ("x", "<u2"), ("y", "<u2"), ("p", "u1")]),
    "t32_x16_y15_on1": np.dtype([("t", "<u4"), ("x", "<u2"), ("yp", "<u2")]),
}
#: Bytes of a datagram that pass any network whole; number and send time of a numbered one.
_MOST, _NUMBER = 1400, struct.Struct("<QQ")
_BUFFER = 1 << 22


@dataclass
class Traffic:
    """What a receiver has seen.

    Attributes
    ----------
    events, datagrams
        That came.
    damaged
        Datagrams that are not whole events, which were left out.
    out_of_sensor
        Events of pixels that the sensor does not have, which were left out.
    lost
        Datagrams that did not come, of a sender that numbers them.
    latency
        Milliseconds from sending to receiving, of the slowest numbered datagram so far; only where
        both are on one machine.
    """

    events: int = 0
    datagrams: int = 0
    damaged: int = 0
    out_of_sensor: int = 0
    lost: int = 0
    latency: float = 0.0


class EventSender:
    """Sends camera events as datagrams (UDP), for whoever listens.

    Parameters
    ----------
    host, port
        Where to.
    layout
        A name among `LAYOUTS`.
    numbered
        Whether each datagram begins with its number and the time of sending, 16 bytes, so that an
        `EventReceiver` can count what is lost and late. Other programs do not expect that.

    Raises
    ------
    UnknownNameError
        If there is no such layout.
    """

    def __init__(
        self, host: str, port: int, layout: str = "t64_x16_y16_on8", numbered: bool = False
    ) -> None:
        self._layout, self._address = _layout(layout), (host, int(port))
        self._numbered, self._number = bool(numbered), 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def send(self, events: CameraEvents) -> int:
        """Send events; return in how many datagrams.

        Raises
        ------
        ValidationError
            If the layout cannot hold a time or a pixel.
        """
        packed = _packed(events, self._layout)
        room = _MOST - (_NUMBER.size if self._numbered else 0)
        each = room // self._layout.itemsize
        for first in range(0, len(packed), each):
            body = packed[first : first + each].tobytes()
            if self._numbered:
                body = _NUMBER.pack(self._number, time.monotonic_ns()) + body
            self._socket.sendto(body, self._address)
            self._number += 1
        return -(-len(packed) // each)

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: Any, error: Any, trace: TracebackType | None) -> None:
        self.close()


class EventReceiver:
    """Listens for camera events in datagrams (UDP), in a thread of its own.

    Parameters
    ----------
    width, height
        Of the sensor.
    port
        Where to listen; 0 takes a free one, see `port`.
    host
        On which of this machine's addresses.
    layout, numbered
        As the sender has them.
    most
        Events that may wait to be taken; what comes beyond is counted as lost.

    Attributes
    ----------
    port
        Where it listens.
    traffic
        What it has seen.
    """

    def __init__(
        self,
        width: int,
        height: int,
        port: int = 0,
        host: str = "127.0.0.1",
        layout: str = "t64_x16_y16_on8",
        numbered: bool = False,
        most: int = 10_000_000,
    ) -> None:
        self._layout, self._numbered = _layout(layout), bool(numbered)
        self.width, self.height, self.traffic = int(width), int(height), Traffic()
        self._waiting: list[np.ndarray] = []
        self._room, self._last, self._next = int(most), 0, 0
        self._lock, self._closed = threading.Lock(), False
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        self._socket.bind((host, int(port)))
        self._socket.settimeout(0.05)
        self.port = int(self._socket.getsockname()[1])
        self._thread = threading.Thread(target=self._listen, name="spikestack-events", daemon=True)
        self._thread.start()

    def take(self) -> CameraEvents:
        """The events that came since the last call; times never go back."""
        with self._lock:
            parts, self._waiting = self._waiting, []
            self._room += sum(len(part) for part in parts)
        packed = np.concatenate([np.zeros(0, self._layout), *parts])
        columns = _unpacked(packed)
        inside = (columns["x"] < self.width) & (columns["y"] < self.height)
        inside &= (columns["p"] <= 1) & (columns["t"] >= 0)
        self.traffic.out_of_sensor += int(np.count_nonzero(~inside))
        columns = {name: column[inside] for name, column in columns.items()}
        t = columns["t"]
        if len(t):
            columns["t"] = np.maximum.accumulate(np.maximum(t, self._last))
            self._last = int(columns["t"][-1])
        cut: dict[str, Any] = columns
        return CameraEvents(**cut, width=self.width, height=self.height)

    def _listen(self) -> None:
        while not self._closed:
            try:
                body = self._socket.recv(65_536)
            except TimeoutError:
                continue
            except OSError:
                return
            self._hear(body)

    def _hear(self, body: bytes) -> None:
        seen, now = self.traffic, time.monotonic_ns()
        seen.datagrams += 1
        if self._numbered:
            if len(body) < _NUMBER.size:
                seen.damaged += 1
                return
            number, sent = _NUMBER.unpack_from(body)
            seen.lost += max(number - self._next, 0)
            self._next = max(self._next, number + 1)
            seen.latency = max(seen.latency, (now - sent) * 1e-6)
            body = body[_NUMBER.size :]
        if len(body) % self._layout.itemsize:
            seen.damaged += 1
            return
        packed = np.frombuffer(body, self._layout)
        with self._lock:
            if len(packed) > self._room:
                seen.lost += 1
                return
            self._room -= len(packed)
            self._waiting.append(packed)
        seen.events += len(packed)

    def close(self) -> None:
        """Stop listening."""
        self._closed = True
        self._thread.join()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: Any, error: Any, trace: TracebackType | None) -> None:
        self.close()


def paced(events: Events, piece: float = 10.0, speed: float | None = 1.0) -> Iterator[Events]:
    """Give a recording piece by piece, each when its time is over.

    Parameters
    ----------
    events
        The recording.
    piece
        ms of the recording in a piece; silent ones come empty.
    speed
        How many times as fast as it was recorded; None for as fast as possible.

    Raises
    ------
    ValidationError
        If a number is not > 0.
    """
    if not piece > 0 or not (speed is None or 0 < speed < float("inf")):
        raise ValidationError(
            "paced", f"pieces of {shorten(piece)} ms, speed {shorten(speed)}", "numbers > 0"
        )
    if not len(events):
        return
    begin, started = float(events.t[0]) / 1000.0, time.perf_counter()
    count = int(events.duration // piece) + 1
    for k in range(count):
        if speed is not None:
            due = started + (k + 1) * piece / speed * 1e-3
            time.sleep(max(due - time.perf_counter(), 0.0))
        yield events.between(begin + k * piece, begin + (k + 1) * piece)


def _layout(name: str) -> np.dtype[Any]:
    if name not in LAYOUTS:
        raise UnknownNameError("layout of events", name, LAYOUTS)
    return LAYOUTS[name]


def _packed(events: CameraEvents, layout: np.dtype[Any]) -> np.ndarray:
    made = np.empty(len(events), layout)
    most = 2**32 if "yp" in layout.names else 2**63  # type: ignore[operator]
    if len(events) and not 0 <= events.t[0] <= events.t[-1] < most:
        raise ValidationError(
            "EventSender.send",
            f"times from {events.t[0]} to {events.t[-1]} us",
            f"0 to {most - 1} us in this layout",
        )
    made["t"], made["x"] = events.t, events.x
    if "yp" in layout.names:  # type: ignore[operator]
        if events.height > 2**15:
            raise ValidationError("EventSender.send", f"height {events.height}", "at most 32,768")
        made["yp"] = (events.y << 1) | events.p
    else:
        made["y"], made["p"] = events.y, events.p
    return made


def _unpacked(packed: np.ndarray) -> dict[str, np.ndarray]:
    columns: dict[str, np.ndarray] = {"t": packed["t"].astype(np.int64)}
    columns["x"] = packed["x"].astype(np.uint16)
    if "yp" in (packed.dtype.names or ()):
        columns |= {"y": packed["yp"] >> 1, "p": (packed["yp"] & 1).astype(np.uint8)}
    else:
        columns |= {"y": packed["y"].astype(np.uint16), "p": packed["p"].astype(np.uint8)}
    return columns
