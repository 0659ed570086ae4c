"""A long run in pieces: advance, save the state, go on elsewhere; the spikes are the same."""

from __future__ import annotations

import tempfile
from pathlib import Path

import spikestack as sp
from spikestack.benchmarks import cuba

if __name__ == "__main__":
    whole = cuba().run(200.0)
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state.spk"
        first = sp.Simulation(cuba())
        first.advance(120.0)
        first.save(state)
        second = sp.Simulation(cuba(), on="reference")
        second.restore(state)
        second.advance(80.0)
    joined = sp.Recording.join(first.recording(), second.recording())
    print(joined)
    print("equal to the run in one piece:", joined.same_spikes(whole))
