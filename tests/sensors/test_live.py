"""Events over a network, counted; recordings at their own pace."""

from __future__ import annotations

import socket
import time

import numpy as np
import pytest

import spikestack as sp
from spikestack.errors import UnknownNameError, ValidationError
from spikestack.sensors.events import CameraEvents
from spikestack.sensors.live import LAYOUTS, EventReceiver, EventSender, paced


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
@pytest.mark.parametrize("numbered", [False, True])
def test_what_is_sent_arrives(layout: str, numbered: bool) -> None:
    events = recording()
    with (
        EventReceiver(34, 34, layout=layout, numbered=numbered) as receiver,
        EventSender("127.0.0.1", receiver.port, layout, numbered) as sender,
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
