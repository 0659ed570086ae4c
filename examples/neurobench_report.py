"""What a trained network costs, in NeuroBench's terms; beside its harness where that is installed.

A network of the zoo, 64 grey levels to ten digits, answers test samples of scikit-learn's digits.
Its metrics are printed: memory, sparsity, synaptic operations of spikes and of values, updates of
neurons, per inference and per second. With `pip install neurobench snntorch` the harness measures
the same network through `sp.metrics.neurobench_model`, and both stand side by side.

    python neurobench_report.py [--samples 50] [--out neurobench.png]
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

import spikestack as sp
from spikestack.errors import MissingExtraError

NETWORK = "digits-mlp"
PAIRS = {"Effective_ACs": "effective_acs", "Effective_MACs": "effective_macs", "Dense": "dense"}


def by_harness(net: sp.Network, inputs: np.ndarray, labels: np.ndarray, steps: int) -> Any:
    """Synaptic operations, as NeuroBench's harness counts them."""
    model = sp.metrics.neurobench_model(net, steps=steps)
    import torch
    from neurobench.benchmarks import Benchmark
    from neurobench.metrics.workload import SynapticOperations
    from torch.utils.data import DataLoader, TensorDataset

    data = TensorDataset(torch.tensor(inputs, dtype=torch.float32), torch.tensor(labels))
    # One sample a batch: the harness tells values from spikes by the batch.
    bench = Benchmark(model, DataLoader(data, batch_size=1), [], [], [[], [SynapticOperations]])
    return bench.run(quiet=True)["SynapticOperations"]


def main() -> None:
    """Measure, and compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=50, help="how many; 50 by default")
    parser.add_argument("--out", help="draw sparsity and operations into this file")
    given = parser.parse_args()
    task = sp.zoo.task(sp.zoo.entry(NETWORK).task)
    try:
        inputs, labels = task.samples("test")
    except MissingExtraError as error:
        print(f"no samples: {error}")
        return
    inputs, labels = inputs[: given.samples], labels[: given.samples]
    net, steps = sp.zoo.load(NETWORK), task.input["steps"]
    found = sp.metrics.measure(net, inputs, labels, steps=steps)
    print(found)
    if given.out:
        found.plot().savefig(given.out)
    try:
        theirs = by_harness(net, inputs, labels, steps)
    except MissingExtraError as error:
        print(f"the harness is not here: {error}")
        return
    for name, own in PAIRS.items():
        print(f"{name}: {theirs[name]:,.2f} by the harness, {found[own]:,.2f} here")


if __name__ == "__main__":
    main()
