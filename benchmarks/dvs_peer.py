"""The same moving texture for EventCV's model of a DVS; run by ``dvs.py --peer-python``.

    python benchmarks/dvs_peer.py VIDEO.npy FPS REPEAT

One row of JSON for each preset, or one that says what is missing. Its events are made on all
cores; CPU time is that of all of them together.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np

CLEAN = {"sigma_thres": 0.02, "leak_rate_hz": 0, "shot_noise_rate_hz": 0, "cutoff_hz": 0,
         "refractory_us": 0}  # fmt: skip
NOISY = {"sigma_thres": 0.05, "leak_rate_hz": 0.1, "shot_noise_rate_hz": 5, "cutoff_hz": 30,
         "refractory_us": 0}  # fmt: skip


def main() -> None:
    """Measure both presets."""
    try:
        import eventcv
    except ImportError as error:
        print(json.dumps({"model": "eventcv", "missing": str(error)}))
        return
    video, fps, repeat = np.load(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    updates = video[0].size * (len(video) - 1)
    for preset, settings in (("clean", CLEAN), ("noisy", NOISY)):
        least, events = np.inf, 0
        for _ in range(1 + repeat):
            start = time.process_time()
            made = eventcv.simulate(
                video, fps=fps, pos_thres=0.2, neg_thres=0.2, upsample="off", seed=1, **settings
            )
            least, events = min(least, time.process_time() - start), len(made)
        row: dict[str, Any] = {
            "model": f"eventcv {getattr(eventcv, '__version__', '')}",
            "preset": preset,
            "fps": fps,
            "cpu_s": round(least, 5),
            "million_pixel_updates_per_cpu_s": round(updates / least / 1e6, 1),
            "million_events_per_cpu_s": round(events / least / 1e6, 2),
            "events_per_pixel_update": round(events / updates, 4),
        }
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
