"""``python -m spikestack.demo [--out DIR] [--seed N]``."""

from __future__ import annotations

import argparse
from pathlib import Path

from . import main

if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m spikestack.demo",
        description="Train a spiking network on digits seen by an event camera; write a report.",
    )
    parser.add_argument("--out", type=Path, default=Path("demo-report"), metavar="DIR")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--on", default="all", metavar="CHIPS")
    chosen = parser.parse_args()
    main(chosen.out, chosen.seed, chips=chosen.on)
