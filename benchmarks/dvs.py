"""How fast a dynamic vision sensor is emulated, and how many events it makes.

    python benchmarks/dvs.py [--width 346] [--height 260] [--frames 60] [--fps 30] [--repeat 5]
                             [--peer-python PATH]

A texture with the spectrum of natural images moves by one pixel per frame, given as
bytes. CPU time of one thread for `record`, the least of the repetitions, after one that is
not counted. One row of JSON for each model and preset. With ``--peer-python PATH``, an interpreter
that has eventcv, its model sees the same frames.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from spikestack.sensors.dvs import DVS, ESIM, V2E, Frames, Voltmeter, texture

CASES: list[tuple[type[DVS], str]] = [
    (ESIM, "ideal"),
    (V2E, "clean"),
    (V2E, "noisy"),
    (Voltmeter, "DVS346"),
    (Voltmeter, "clean"),
]


def pan(width: int, height: int, frames: int, fps: float) -> Frames:
    """A texture that moves by one pixel per frame."""
    image = np.rint(texture(width, height, seed=1)).astype(np.uint8)
    video = np.stack([np.roll(image, k, axis=1) for k in range(frames)])
    return Frames(video, 1000.0 / fps)


def measured(kind: type[DVS], preset: str, scene: Frames, repeat: int) -> dict[str, Any]:
    """One row."""
    sensor = kind.preset(preset, scene.width, scene.height, seed=1)
    events, least = sensor.record(scene), np.inf
    for _ in range(repeat):
        start = time.process_time()
        events = sensor.record(scene)
        least = min(least, time.process_time() - start)
    updates = scene.width * scene.height * (len(scene.times) - 1)
    return {
        "model": kind.__name__,
        "preset": preset,
        "width": scene.width,
        "height": scene.height,
        "frames": len(scene.times),
        "fps": round(1000.0 / float(scene.times[1]), 3),
        "cpu_s": round(least, 5),
        "frames_per_cpu_s": round((len(scene.times) - 1) / least, 1),
        "million_pixel_updates_per_cpu_s": round(updates / least / 1e6, 1),
        "million_events_per_cpu_s": round(len(events) / least / 1e6, 2),
        "events_per_pixel_update": round(len(events) / updates, 4),
        "made_by": events.made_by(),
    }


def main() -> None:
    """Measure every case in turn."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=int, default=346)
    parser.add_argument("--height", type=int, default=260)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--fps", type=float, default=30.0, help="frames per second of the scene")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--peer-python", help="interpreter of an environment that has eventcv")
    asked = parser.parse_args()
    scene = pan(asked.width, asked.height, asked.frames, asked.fps)
    for kind, preset in CASES:
        print(json.dumps(measured(kind, preset, scene, asked.repeat)), flush=True)
    if asked.peer_python:
        with tempfile.TemporaryDirectory() as folder:
            video = Path(folder) / "video.npy"
            np.save(video, scene.frames)
            script = Path(__file__).with_name("dvs_peer.py")
            given = [str(video), str(asked.fps), str(asked.repeat)]
            subprocess.run([asked.peer_python, str(script), *given], check=True)


if __name__ == "__main__":
    main()
