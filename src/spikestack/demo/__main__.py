"""``python -m spikestack.demo``."""

from __future__ import annotations

from pathlib import Path

from . import main

if __name__ == "__main__":
    main(Path("demo-report"))
