"""A run that is recorded to disk as it goes, read back in part, and shown on a page.

Give a duration in ms for more: memory does not grow with it, and a run that is killed can be read
up to its last second.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

import spikestack as sp
from spikestack.benchmarks import cuba

if __name__ == "__main__":
    duration = float(sys.argv[1]) if len(sys.argv) > 1 else 500.0
    net = cuba()
    net.record(net["exc"][:3], "v", interval=0.5)
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        sim = sp.Simulation(net, to=run)
        sim.advance(duration)
        result = sim.recording()
        size = sum(file.stat().st_size for file in run.iterdir())
        print(result)
        print(f"on disk: {size / 1e6:.1f} MB, steps of type {result['exc'].steps.dtype}, mapped")

        again = sp.open_recording(run).between(duration / 2, duration)
        print(f"rate of the second half: {again['exc'].rate():.2f} Hz")
        print(f"Fano factor: {np.nanmean(again['exc'].fano_factor(20.0)):.2f}")

        synapses = sim.connections("exc->inh")
        print(f"{len(synapses):,} synapses, mean weight {synapses.weight.mean():.4f} nA")

        page = result.to_html(Path(folder) / "report.html", title="A balanced network")
        print(f"report page: {page.stat().st_size / 1e6:.1f} MB")
        del result, again, sim
