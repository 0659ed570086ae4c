"""Events over TCP: frames of a bounded size, from one sender to one receiver, and what can break.

A connection begins with a greeting of 32 bytes: ``SPKE``, the version, the number of the layout,
two bytes of zeros, 8 bytes that name the sender, 16 of zeros. The receiver answers ``SPKE`` and
four bytes of zeros. Then come frames: how many bytes of events, the frame's number, when it was
sent (u32, u64, u64, little-endian), the events. A frame whose length is 2^32 - 1 is the last.
"""

from __future__ import annotations

import contextlib
import secrets
import socket
import struct
import time
from typing import Any

from ..errors import EngineError

__all__ = ["ConnectionLost", "Link", "accepted", "connected"]

_GREETING, _FRAME = struct.Struct("<4sBBxx8s16x"), struct.Struct("<IQQ")
_MAGIC, _VERSION, _ANSWER, _END = b"SPKE", 1, b"SPKE\0\0\0\0", 0xFFFF_FFFF
#: The largest frame, in bytes: a damaged length asks for no more than this.
LARGEST = 1 << 20


class ConnectionLost(EngineError, ConnectionError):
    """A connection that could not be made, broke, or holds what is no event; the message says."""


class Stopped(Exception):
    """The receiver was closed while it waited."""


class Link:
    """One connection, from either side.

    Parameters
    ----------
    socket_
        Connected.
    timeout
        Seconds that a frame may take to come or go, once it has begun.
    name
        What to call the other side in messages.
    """

    def __init__(self, socket_: socket.socket, timeout: float, name: str) -> None:
        self.socket, self.timeout, self.name = socket_, timeout, name
        self.sender = b""
        _watch(socket_, timeout)

    def send(self, number: int, body: bytes | None) -> None:
        """Send a frame; None says that it was the last."""
        length = _END if body is None else len(body)
        try:
            self.socket.settimeout(self.timeout)
            self.socket.sendall(_FRAME.pack(length, number, time.monotonic_ns()) + (body or b""))
        except TimeoutError:
            raise ConnectionLost(
                f"{self.name} has taken nothing for {self.timeout:g} s: it hangs, or the events "
                "are more than it can take"
            ) from None
        except OSError as error:
            raise ConnectionLost(f"the connection to {self.name} broke: {error}") from error

    def receive(self, itemsize: int, stopped: Any) -> tuple[int, int, bytes] | None:
        """The next frame: number, time of sending, events; None after the last.

        Parameters
        ----------
        itemsize
            Bytes of an event.
        stopped
            A function that says whether to give up waiting, which raises `Stopped`.
        """
        head = self._exactly(_FRAME.size, stopped, started=False)
        length, number, sent = _FRAME.unpack(head)
        if length == _END:
            return None
        if length > LARGEST or length % itemsize:
            raise ConnectionLost(
                f"{self.name} sent a frame of {length} bytes, above {LARGEST} or not whole events "
                f"of {itemsize} bytes: it is no sender of events, or the stream is damaged"
            )
        return number, sent, self._exactly(length, stopped, started=True)

    def _exactly(self, count: int, stopped: Any, started: bool) -> bytes:
        """So many bytes; a frame may be waited for at leisure, its rest for `timeout`."""
        made, at, began = bytearray(count), 0, time.monotonic()
        view = memoryview(made)
        self.socket.settimeout(min(0.05, self.timeout))
        while at < count:
            if stopped():
                raise Stopped
            try:
                came = self.socket.recv_into(view[at:])
            except TimeoutError:
                if (at or started) and time.monotonic() - began > self.timeout:
                    raise ConnectionLost(
                        f"{self.name} sent {at} of {count} bytes of a frame, then nothing for "
                        f"{self.timeout:g} s: it hangs, or the network is down"
                    ) from None
                continue
            except OSError as error:
                raise ConnectionLost(f"the connection to {self.name} broke: {error}") from error
            if not came:
                within = f" after {at} of {count} bytes of a frame" if at or started else ""
                raise ConnectionLost(
                    f"{self.name} closed the connection{within} without saying that it was done"
                )
            at, began = at + came, time.monotonic()
        return bytes(made)

    def close(self) -> None:
        """Give the socket back."""
        self.socket.close()


def connected(
    host: str, port: int, layout: int, timeout: float, sender: bytes | None = None
) -> tuple[Link, bytes]:
    """Connect to a receiver; return the link, and the name under which the sender is known.

    Raises
    ------
    ConnectionLost
        If nobody listens there, or does not answer as a receiver of events does.
    """
    name, sender = f"{host}:{port}", sender or secrets.token_bytes(8)
    try:
        made = socket.create_connection((host, port), timeout)
    except OSError as error:
        raise ConnectionLost(
            f"cannot connect to {name}: {error}; is an EventReceiver with transport='tcp' there?"
        ) from error
    link = Link(made, timeout, name)
    try:
        made.sendall(_GREETING.pack(_MAGIC, _VERSION, layout, sender))
        until, answer = time.monotonic() + timeout, b""
        while len(answer) < len(_ANSWER):
            made.settimeout(max(until - time.monotonic(), 1e-3))
            part = made.recv(len(_ANSWER) - len(answer))
            if not part:
                raise ConnectionLost(f"{name} refused: it expects another layout, or is closing")
            answer += part
        if answer != _ANSWER:
            raise ConnectionLost(f"{name} answered {answer!r}, as no receiver of events does")
    except ConnectionLost:
        link.close()
        raise
    except TimeoutError:
        link.close()
        raise ConnectionLost(
            f"{name} is connected, but did not answer for {timeout:g} s: it hangs, listens to "
            "another sender, or is no receiver of events"
        ) from None
    except OSError as error:
        link.close()
        raise ConnectionLost(f"the connection to {name} broke: {error}") from error
    return link, sender


def accepted(
    made: socket.socket, address: Any, layout: int, timeout: float, stopped: Any
) -> Link | None:
    """Greet a sender; None if what connected is none.

    Raises
    ------
    ConnectionLost
        If it is a sender, but of another layout or version.
    """
    link = Link(made, timeout, f"{address[0]}:{address[1]}")
    try:
        head = link._exactly(_GREETING.size, stopped, started=True)
    except ConnectionLost:
        link.close()
        return None
    magic, version, other, link.sender = _GREETING.unpack(head)
    if magic != _MAGIC:
        link.close()
        return None
    if (version, other) != (_VERSION, layout):
        link.close()
        raise ConnectionLost(
            f"{link.name} sends layout number {other} of version {version}, and number {layout} of "
            f"version {_VERSION} is expected"
        )
    try:
        made.sendall(_ANSWER)
    except OSError:
        link.close()
        return None
    return link


def _watch(made: socket.socket, timeout: float) -> None:
    """Let the system notice a partner that has vanished without a word (half-open)."""
    seconds = max(int(timeout), 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for option, value in (
        ("TCP_KEEPIDLE", seconds),
        ("TCP_KEEPINTVL", 1),
        ("TCP_KEEPCNT", 3),
        ("TCP_USER_TIMEOUT", int(timeout * 1000)),
    ):
        # Not every system has all of them.
        with contextlib.suppress(AttributeError, OSError):
            made.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
