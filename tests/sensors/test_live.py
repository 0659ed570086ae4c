"""Events over a network, counted; recordings at their own pace."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time

import numpy as np
import pytest

import spikestack as sp
from spikestack.errors import UnknownNameError, ValidationError
from spikestack.sensors.events import CameraEvents
from spikestack.sensors.live import LAYOUTS, ConnectionLost, EventReceiver, EventSender, paced


def recording(n: int = 2000, seed: int = 0) -> CameraEvents:
    rng = np.random.default_rng(seed)
    columns = {"x": rng.integers(0, 34, n), "y": rng.integers(0, 34, n), "p": rng.integers(0, 2, n)}
    return CameraEvents.sorted(t=rng.integers(0, 90_000, n), **columns, width=34, height=34)


def gathered(receiver: EventReceiver, n: int) -> list[CameraEvents]:
    """Take until all have come, or for five seconds."""
    parts, until = [], time.monotonic() + 5.0
    while sum(map(len, parts)) < n and time.monotonic() < until:
        parts.append(receiver.take())
        time.sleep(0.01)
    return parts


@pytest.mark.parametrize("layout", list(LAYOUTS))
@pytest.mark.parametrize(("numbered", "transport"), [(False, "udp"), (True, "udp"), (True, "tcp")])
def test_what_is_sent_arrives(layout: str, numbered: bool, transport: str) -> None:
    events = recording()
    with (
        EventReceiver(34, 34, 0, "127.0.0.1", layout, numbered, transport=transport) as receiver,
        EventSender("127.0.0.1", receiver.port, layout, numbered, transport) as sender,
    ):
        for piece in paced(events, speed=None):
            sender.send(piece)
        parts = gathered(receiver, len(events))
        seen = receiver.traffic
    for name in events.columns:
        assert np.array_equal(
            np.concatenate([getattr(p, name) for p in parts]), getattr(events, name)
        )
    assert seen.events == len(events) and seen.damaged == seen.lost == 0
    assert (seen.latency > 0) == numbered and seen.latency < 5000


def test_damage_and_losses_are_counted() -> None:
    one = recording(50)
    with EventReceiver(20, 20, numbered=True) as receiver:
        with EventSender("127.0.0.1", receiver.port, numbered=True) as sender:
            sender.send(one)
            sender._number += 3
            sender.send(one)
        raw = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        raw.sendto(b"short", ("127.0.0.1", receiver.port))
        raw.sendto(bytes(16) + b"not whole events!", ("127.0.0.1", receiver.port))
        raw.close()
        inside = int(((one.x < 20) & (one.y < 20)).sum())
        found = gathered(receiver, 2 * inside)
        until = time.monotonic() + 5.0
        while receiver.traffic.datagrams < 4 and time.monotonic() < until:
            time.sleep(0.01)
        seen = receiver.traffic
    assert sum(map(len, found)) == 2 * inside and seen.out_of_sensor == 100 - 2 * inside
    assert seen.lost == 3 and seen.damaged == 2
    times = np.concatenate([part.t for part in found])
    assert (np.diff(times) >= 0).all()


def test_what_waits_is_bounded() -> None:
    events = recording(1000)
    with (
        EventReceiver(34, 34, most=300) as receiver,
        EventSender("127.0.0.1", receiver.port) as sender,
    ):
        count = sender.send(events)
        until = time.monotonic() + 5.0
        while receiver.traffic.datagrams < count and time.monotonic() < until:
            time.sleep(0.01)
        assert len(receiver.take()) <= 300 and receiver.traffic.lost > 0


def test_a_recording_plays_at_its_pace() -> None:
    events = recording(200)
    started = time.perf_counter()
    pieces = list(paced(events, piece=15.0, speed=2.0))
    took = time.perf_counter() - started
    assert sum(map(len, pieces)) == len(events)
    assert took > events.duration * 1e-3 / 2.0


def test_what_cannot_be() -> None:
    with pytest.raises(UnknownNameError, match="t99"):
        EventReceiver(3, 3, layout="t99")
    with pytest.raises(ValidationError, match="> 0"):
        list(paced(recording(3), piece=0.0))
    late = CameraEvents(np.array([2**33]), [0], [0], [0])
    sender = EventSender("127.0.0.1", 9, "t32_x16_y15_on1")
    with sender, pytest.raises(ValidationError, match="in this layout"):
        sender.send(late)


def test_a_recording_plays_into_a_running_network() -> None:
    events = recording(300, seed=3)
    made = []
    for live in (False, True):
        net = sp.Network(seed=1)
        pixels = net.add(sp.Population("pixels", events.shape, sp.SpikeSource()))
        drive = sp.ExternalSpikes() if live else events.spike_trains()
        net.drive(pixels, drive, name="camera")
        net.record(pixels, "spikes")
        sim, begin = sp.Simulation(net), events.t[0] / 1000 - 0.1
        for piece in paced(events, piece=5.0, speed=None):
            if live and len(piece):
                sim.inject("camera", piece.unit, piece.t / 1000 - begin)
            sim.advance(5.0)
        made.append(sim.recording()["pixels"])
    assert np.array_equal(np.sort(made[0].ids), np.sort(made[1].ids))
    assert len(made[0]) > 250 and np.abs(np.sort(made[0].steps) - np.sort(made[1].steps)).max() <= 1


def tcp(**settings: float) -> EventReceiver:
    return EventReceiver(34, 34, transport="tcp", timeout=0.3, **settings)


def sending(receiver: EventReceiver, timeout: float = 0.3) -> EventSender:
    return EventSender("127.0.0.1", receiver.port, transport="tcp", timeout=timeout)


def lost(receiver: EventReceiver) -> str:
    """What the receiver says of its connection, within five seconds."""
    until = time.monotonic() + 5.0
    with pytest.raises(ConnectionLost) as told:
        while time.monotonic() < until:
            receiver.take()
            time.sleep(0.005)
    return str(told.value)


def test_a_slow_receiver_holds_the_sender_back_and_loses_nothing() -> None:
    events = recording(100_000)
    with tcp(most=6000) as receiver, sending(receiver, 5.0) as sender:
        thread = threading.Thread(target=sender.send, args=(events,))
        thread.start()
        time.sleep(0.1)
        assert receiver.traffic.events < 20_000
        found = gathered(receiver, len(events))
        thread.join()
        assert sum(map(len, found)) == len(events)
        assert receiver.traffic.lost == 0 and max(map(len, found)) <= 12_000


def test_a_receiver_that_takes_nothing_is_an_error_in_time() -> None:
    with tcp(most=100) as receiver:
        sender, started = sending(receiver), time.monotonic()
        with pytest.raises(ConnectionLost, match=r"taken nothing for 0\.3 s"):
            for _ in range(100):
                sender.send(recording(100_000))
        assert time.monotonic() - started < 5.0
        with pytest.raises(ConnectionLost, match="reconnect"):
            sender.send(recording(1))
        sender.close()


def test_a_sender_that_comes_back_is_known_and_its_losses_are_counted() -> None:
    events = recording(50)
    with tcp() as receiver:
        sender = sending(receiver)
        sender.send(events)
        assert sum(map(len, gathered(receiver, 50))) == 50
        assert sender._link is not None
        sender._link.socket.close()
        with pytest.raises(ConnectionLost, match="broke"):
            sender.send(events)
        assert "without saying that it was done" in lost(receiver)
        sender.reconnect()
        sender.send(events)
        assert sum(map(len, gathered(receiver, 50))) == 50
        sender.close()
        with sending(receiver) as other:
            other.send(events)
            assert sum(map(len, gathered(receiver, 50))) == 50
        seen = receiver.traffic
        assert seen.lost == 1 and seen.connections == 3 and seen.damaged == 0


def greeted(receiver: EventReceiver, layout: int = 0) -> socket.socket:
    raw = socket.create_connection(("127.0.0.1", receiver.port), 2.0)
    raw.sendall(b"SPKE" + bytes((1, layout, 0, 0)) + bytes(24))
    return raw


@pytest.mark.parametrize(
    ("stream", "message"),
    [
        (b"\xff\xff\xff\x7f" + bytes(16), "a frame of 2147483647 bytes"),
        (b"\x0e" + bytes(19), "a frame of 14 bytes"),
        (b"\x0d" + bytes(3), r"sent 4 of 20 bytes of a frame, then nothing for 0\.3 s"),
        (b"\x0d" + bytes(19 + 5), r"sent 5 of 13 bytes of a frame, then nothing for 0\.3 s"),
    ],
)
def test_garbage_and_silence_in_a_frame(stream: bytes, message: str) -> None:
    with tcp() as receiver:
        raw = greeted(receiver)
        raw.sendall(stream)
        assert re.search(message, lost(receiver))
        raw.close()
        with sending(receiver, 5.0) as sender:
            sender.send(recording(9))
            assert sum(map(len, gathered(receiver, 9))) == 9


def test_who_is_no_sender_is_left_out_and_another_layout_is_named() -> None:
    with tcp() as receiver:
        for data in (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"SPK", b""):
            raw = socket.create_connection(("127.0.0.1", receiver.port), 2.0)
            raw.sendall(data)
            raw.close()
        greeted(receiver, layout=1).close()
        assert "layout number 1 of version 1" in lost(receiver)
        assert receiver.traffic.damaged == 3 and receiver.traffic.connections == 0
        with pytest.raises(ConnectionLost, match="refused"):
            EventSender("127.0.0.1", receiver.port, "t32_x16_y15_on1", transport="tcp")


@pytest.mark.parametrize("silent", [False, True])
def test_nobody_or_a_mute_is_an_error_in_time(silent: bool) -> None:
    """A port that nobody opened, and one whose owner never answers."""
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    if silent:
        held.listen()
    started = time.monotonic()
    with pytest.raises(ConnectionLost, match="did not answer" if silent else "cannot connect"):
        EventSender("127.0.0.1", held.getsockname()[1], transport="tcp", timeout=0.2)
    assert time.monotonic() - started < 3.0
    held.close()


def test_any_bytes_are_survived() -> None:
    """Fifty streams by chance, with and without a greeting; then a sender is heard."""
    rng = np.random.default_rng(1)
    with EventReceiver(34, 34, transport="tcp", timeout=0.05) as receiver:
        for k in range(50):
            raw = (
                greeted(receiver)
                if k % 2
                else socket.create_connection(("127.0.0.1", receiver.port), 2.0)
            )
            with contextlib.suppress(OSError):
                raw.sendall(rng.bytes(int(rng.integers(0, 200))))
            raw.close()
        until = time.monotonic() + 10.0
        with sending(receiver, 10.0) as sender:
            sender.send(recording(9))
            while receiver.traffic.events < 9 and time.monotonic() < until:
                with contextlib.suppress(ConnectionLost):
                    receiver.take()
        assert receiver.traffic.events >= 9


def test_transports_and_timeouts_that_cannot_be() -> None:
    with pytest.raises(UnknownNameError, match="udp"):
        EventReceiver(3, 3, transport="serial")
    with pytest.raises(ValidationError, match="above 0"):
        EventSender("127.0.0.1", 9, timeout=0.0)
    with EventSender("127.0.0.1", 9) as sender, pytest.raises(ValidationError, match="tcp"):
        sender.reconnect()
