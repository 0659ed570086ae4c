"""Measures a built-in network in this process: a request on stdin, a row of JSON on stdout."""

from __future__ import annotations

import json
import sys

from spikestack import __version__
from spikestack.benchmarks import measure
from spikestack.errors import SpikestackError


def main() -> None:
    """Measure what stdin asks for."""
    asked = json.load(sys.stdin)
    names = ("name", "duration", "threads", "precision", "seed")
    try:
        row = measure(**{name: asked[name] for name in names})
    except SpikestackError as error:
        row = {"unavailable": str(error)}
    print(json.dumps({**row, "version": __version__}))


if __name__ == "__main__":
    main()
