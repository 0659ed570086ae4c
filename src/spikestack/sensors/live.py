"""Events over a network, and recordings at the pace at which they were made."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np

from ..errors import UnknownNameError, ValidationError, shorten
from .events import CameraEvents
from .live_layouts import LAYOUTS, columns_of, layout_of, packed_events
from .live_tcp import LARGEST, ConnectionLost, Link, Stopped, accepted, connected
from .pacing import paced

__all__ = ["LAYOUTS", "ConnectionLost", "EventReceiver", "EventSender", "Traffic", "paced"]

#: Bytes of a datagram that pass any network whole; number and send time of a numbered one.
_MOST, _NUMBER = 1400, struct.Struct("<QQ")
_BUFFER = 1 << 22


@dataclass
class Traffic:
    """What a receiver has seen.

    Attributes
    ----------
    events, datagrams
        That came; over TCP, a datagram is a frame.
    damaged
        Datagrams that are not whole events, which were left out; over TCP, connections of what is
        no sender of events.
    out_of_sensor
        Events of pixels that the sensor does not have, which were left out.
    lost
        Datagrams that did not come, of a sender that numbers them. Over TCP none is lost, unless
        the connection breaks and the same sender connects again.
    latency
        Milliseconds from sending to receiving, of the slowest numbered datagram so far; only where
        both are on one machine.
    connections
        Senders that were greeted (TCP).
    """

    events: int = 0
    datagrams: int = 0
    damaged: int = 0
    out_of_sensor: int = 0
    lost: int = 0
    latency: float = 0.0
    connections: int = 0


class EventSender:
    """Sends camera events as datagrams (UDP) for whoever listens, or to one receiver (TCP).

    Over TCP nothing is lost, and `send` waits where the receiver does not keep up. If the
    connection breaks, `send` raises, and so does each after it, until `reconnect` has made a new
    one; nothing is sent a second time.

    Parameters
    ----------
    host, port
        Where to.
    layout
        A name among `LAYOUTS`.
    numbered
        Whether each datagram begins with its number and the time of sending, 16 bytes, so that an
        `EventReceiver` can count what is lost and late. Other programs do not expect that. Over TCP
        it is always so.
    transport
        ``"udp"`` or ``"tcp"``.
    timeout
        s that connecting may take, and that a receiver may take nothing (TCP).

    Raises
    ------
    UnknownNameError
        If there is no such layout.
    ConnectionLost
        If no receiver answers there (TCP).
    """

    def __init__(
        self,
        host: str,
        port: int,
        layout: str = "t64_x16_y16_on8",
        numbered: bool = False,
        transport: str = "udp",
        timeout: float = 5.0,
    ) -> None:
        self._layout, self._address = layout_of(layout), (host, int(port))
        self._place, self._timeout = list(LAYOUTS).index(layout), _seconds(timeout)
        self._numbered, self._number = bool(numbered), 0
        self._link: Link | None = None
        self._socket: socket.socket | None = None
        self._name: bytes | None = None
        if _is_tcp(transport):
            self.reconnect()
        else:
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def reconnect(self) -> None:
        """Connect again, as the same sender: the receiver counts the frames that it did not get.

        Raises
        ------
        ConnectionLost
            If no receiver answers.
        """
        if self._socket is not None:
            raise ValidationError("EventSender.reconnect", "UDP has no connection", "tcp")
        if self._link is not None:
            self._link.close()
            self._link = None
        self._link, self._name = connected(*self._address, self._place, self._timeout, self._name)

    def send(self, events: CameraEvents) -> int:
        """Send events; return in how many datagrams, or frames.

        Raises
        ------
        ValidationError
            If the layout cannot hold a time or a pixel.
        ConnectionLost
            If the connection is broken, or the receiver took nothing for too long (TCP).
        """
        packed = packed_events(events, self._layout)
        if self._socket is None:
            each = LARGEST // 16 // self._layout.itemsize
        else:
            room = _MOST - (_NUMBER.size if self._numbered else 0)
            each = room // self._layout.itemsize
        for first in range(0, len(packed), each):
            self._send(packed[first : first + each].tobytes())
            self._number += 1
        return -(-len(packed) // each)

    def _send(self, body: bytes) -> None:
        if self._socket is not None:
            if self._numbered:
                body = _NUMBER.pack(self._number, time.monotonic_ns()) + body
            self._socket.sendto(body, self._address)
            return
        if self._link is None:
            raise ConnectionLost("the connection is gone; reconnect() makes a new one")
        try:
            self._link.send(self._number, body)
        except ConnectionLost:
            # Whether the frame came is not known, so that its number is not used again.
            self._number += 1
            self._link.close()
            self._link = None
            raise

    def close(self) -> None:
        """Say that this was all (TCP), and give the socket back."""
        if self._socket is not None:
            self._socket.close()
        if self._link is not None:
            with contextlib.suppress(ConnectionLost):
                self._link.send(self._number, None)
            self._link.close()
            self._link = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: Any, error: Any, trace: TracebackType | None) -> None:
        self.close()


class EventReceiver:
    """Listens for camera events, in a thread of its own: datagrams (UDP), or one sender (TCP).

    Over TCP senders are heard one after the other, as often as they connect. If a connection breaks
    or holds what is no event, `take` first gives what came before, then raises once; the receiver
    listens on.

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
        Events that may wait to be taken; what comes beyond is counted as lost, and over TCP waits
        at the sender.
    transport
        ``"udp"`` or ``"tcp"``.
    timeout
        s that the rest of a frame may take, once it has begun (TCP). A sender that is connected and
        silent is waited for; one whose machine is gone is noticed by the system after about this
        time and 3 s.

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
        transport: str = "udp",
        timeout: float = 5.0,
    ) -> None:
        self._layout, self._numbered = layout_of(layout), bool(numbered)
        self._place, self._timeout = list(LAYOUTS).index(layout), _seconds(timeout)
        self.width, self.height, self.traffic = int(width), int(height), Traffic()
        self._waiting: list[np.ndarray] = []
        self._room, self._last, self._next, self._sender = int(most), 0, 0, b""
        self._broken: ConnectionLost | None = None
        self._lock, self._closed = threading.Condition(), False
        tcp = _is_tcp(transport)
        self._socket = socket.socket(
            socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM
        )
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        if tcp:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((host, int(port)))
            if tcp:
                self._socket.listen(64)
        except OSError:
            self._socket.close()
            raise
        self._socket.settimeout(0.05)
        self.port = int(self._socket.getsockname()[1])
        work = self._accept if tcp else self._listen
        self._thread = threading.Thread(target=work, name="spikestack-events", daemon=True)
        self._thread.start()

    def take(self) -> CameraEvents:
        """The events that came since the last call; times never go back.

        Raises
        ------
        ConnectionLost
            Once, if a connection broke (TCP), and what came before was taken.
        """
        with self._lock:
            parts, self._waiting = self._waiting, []
            self._room += sum(len(part) for part in parts)
            self._lock.notify()
            if not parts and self._broken is not None:
                broken, self._broken = self._broken, None
                raise broken
        packed = np.concatenate([np.zeros(0, self._layout), *parts])
        columns = columns_of(packed)
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
            self._count(number, sent, now)
            body = body[_NUMBER.size :]
        if len(body) % self._layout.itemsize:
            seen.damaged += 1
            return
        packed = np.frombuffer(body, self._layout)
        with self._lock:
            if len(packed) > self._room:
                seen.lost += 1
                return
            self._keep(packed)

    def _accept(self) -> None:
        """Hear one sender after the other."""
        while not self._closed:
            try:
                made, address = self._socket.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            link = None
            try:
                link = accepted(made, address, self._place, self._timeout, self._is_closed)
                if link is None:
                    self.traffic.damaged += 1
                    continue
                self._follow(link)
            except ConnectionLost as error:
                with self._lock:
                    self._broken = error
            except Stopped:
                return
            finally:
                made.close()

    def _follow(self, link: Link) -> None:
        """Take the frames of one sender, each when there is room for it."""
        self.traffic.connections += 1
        if link.sender != self._sender:
            self._sender, self._next = link.sender, 0
        while (frame := link.receive(self._layout.itemsize, self._is_closed)) is not None:
            self.traffic.datagrams += 1
            self._count(frame[0], frame[1], time.monotonic_ns())
            packed = np.frombuffer(frame[2], self._layout)
            with self._lock:
                while self._waiting and len(packed) > self._room and not self._closed:
                    self._lock.wait(0.05)
                self._keep(packed)

    def _count(self, number: int, sent: int, now: int) -> None:
        """What is lost and late, of a numbered datagram."""
        seen = self.traffic
        seen.lost += max(number - self._next, 0)
        self._next = max(self._next, number + 1)
        seen.latency = max(seen.latency, (now - sent) * 1e-6)

    def _keep(self, packed: np.ndarray) -> None:
        self._room -= len(packed)
        self._waiting.append(packed)
        self.traffic.events += len(packed)

    def _is_closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        """Stop listening."""
        self._closed = True
        self._thread.join()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: Any, error: Any, trace: TracebackType | None) -> None:
        self.close()


def _is_tcp(transport: str) -> bool:
    if transport not in ("udp", "tcp"):
        raise UnknownNameError("transport of events", transport, ["udp", "tcp"])
    return transport == "tcp"


def _seconds(timeout: Any) -> float:
    if not isinstance(timeout, int | float) or not 0 < timeout <= 3600:
        raise ValidationError("timeout", f"got {shorten(timeout)}", "above 0, at most 3600 s")
    return float(timeout)
