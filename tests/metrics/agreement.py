"""Our numbers beside those of NeuroBench's harness; needs neurobench, snntorch and PyTorch.

``cd tests && python -m metrics.agreement`` prints a table, ``... --write`` stores the harness's
numbers in harness.json, so that machines without it compare with them.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

import spikestack as sp

from .networks import NETWORKS, dense

STORED = Path(__file__).parent / "harness.json"
Found = dict[str, Any]

#: Of the harness, and ours. NeuroBench rounds connection sparsity to 4 decimals.
PAIRS = {
    "Footprint": "footprint",
    "ParameterCount": "parameter_count",
    "ConnectionSparsity": "connection_sparsity",
    "ClassificationAccuracy": "accuracy",
    "ActivationSparsity": "activation_sparsity",
    "Effective_ACs": "effective_acs",
    "Effective_MACs": "effective_macs",
    "Dense": "dense",
    "MembraneUpdates": "membrane_updates",
    "Effective Neuron Ops": "neuron_operations",
    "Neuron Dense Ops": "neuron_operations_dense",
}


def by_harness(
    model: Any, inputs: np.ndarray, labels: np.ndarray, batch: int = 1
) -> dict[str, Any]:
    """All of its metrics, flat; those that failed are left out."""
    import torch
    from neurobench.benchmarks import Benchmark
    from neurobench.metrics import static, workload
    from neurobench.processors.postprocessors import ChooseMaxCount
    from torch.utils.data import DataLoader, TensorDataset

    data = TensorDataset(torch.tensor(inputs, dtype=torch.float32), torch.tensor(labels))
    metrics = [
        [static.Footprint, static.ParameterCount, static.ConnectionSparsity],
        [
            workload.ClassificationAccuracy, workload.ActivationSparsity,
            workload.ActivationSparsityByLayer, workload.SynapticOperations,
            workload.MembraneUpdates, workload.NeuronOperations,
        ],
    ]  # fmt: skip
    bench = Benchmark(model, DataLoader(data, batch_size=batch), [], [ChooseMaxCount()], metrics)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        found = bench.run(quiet=False)
    flat: dict[str, Any] = {}
    for name, value in found.items():
        if f"metric '{name}'" in said.getvalue():
            continue
        flat |= (
            value
            if isinstance(value, dict) and name != "ActivationSparsityByLayer"
            else {name: value}
        )
    return flat


def by_hand(seed: int = 7) -> tuple[Any, sp.Network, np.ndarray, np.ndarray]:
    """A network written for snnTorch with no help of ours, and the same described here."""
    import snntorch
    import torch

    net, inputs, labels = written_here(seed)
    weights = [torch.tensor(p.rule.matrix.T, dtype=torch.float32) for p in net.projections.values()]

    class Written(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            how = {"init_hidden": True, "reset_delay": False}
            self.up, self.hidden = torch.nn.Linear(20, 30, bias=False), snntorch.Leaky(0.9, **how)
            self.loop = torch.nn.Linear(30, 30, bias=False)
            self.down = torch.nn.Linear(30, 5, bias=False)
            self.out = snntorch.Leaky(0.8, output=True, **how)
            for layer, matrix in zip((self.up, self.down, self.loop), weights):
                layer.weight.data = matrix
            self.before: Any = None

        def reset(self) -> None:
            self.hidden.reset_mem()
            self.out.reset_mem()
            self.before = None

        def forward(self, x: Any) -> Any:
            before = x.new_zeros((len(x), 30)) if self.before is None else self.before
            self.before = self.hidden(self.up(x) + self.loop(before))
            return self.out(self.down(self.before))

    from neurobench.models import SNNTorchModel

    return SNNTorchModel(Written()), net, inputs, labels


def written_here(seed: int = 7) -> tuple[sp.Network, np.ndarray, np.ndarray]:
    """`dense` with other weights, small enough that one reset is enough, and a loop."""
    rng = np.random.default_rng(seed)
    old, inputs, labels = dense()
    net = sp.Network(seed=1)
    source, hidden, out = (net.add(old[name]) for name in ("in", "hidden", "out"))
    net.drive(source, sp.ExternalSpikes(), name="data")
    for pre, post, delay in ((source, hidden, 0.0), (hidden, out, 0.0), (hidden, hidden, 1.0)):
        matrix = rng.normal(0.08, 0.1, (pre.size, post.size)).astype(np.float32)
        net.connect(pre, post, sp.Dense(matrix), sp.Delta(weight=1.0, delay=delay))
    return net, inputs, labels


def ours(
    net: sp.Network, inputs: np.ndarray, labels: np.ndarray, on: str = "cpu"
) -> dict[str, Any]:
    """The same metrics by `measure`, under the harness's names."""
    found = sp.metrics.measure(net, inputs, labels, on=on)
    made: dict[str, Any] = {name: found[key] for name, key in PAIRS.items()}
    made["ConnectionSparsity"] = round(made["ConnectionSparsity"], 4)
    return made | {"ActivationSparsityByLayer": found.sparsity_by_layer}


def main() -> None:
    """Print both, and store the harness's."""
    stored = {}
    for name, make in NETWORKS.items():
        net, inputs, labels = make()
        stored[name] = by_harness(sp.metrics.neurobench_model(net), inputs, labels)
        _show(name, stored[name], ours(net, inputs, labels))
    model, net, inputs, labels = by_hand()
    stored["by hand"] = by_harness(model, inputs, labels)
    _show("by hand", stored["by hand"], ours(net, inputs, labels))
    if "--write" in sys.argv:
        STORED.write_text(json.dumps(stored, indent=1) + "\n")


def _show(name: str, theirs: dict[str, Any], mine: dict[str, Any]) -> None:
    print(name)
    for metric in PAIRS:
        a, b = theirs.get(metric), mine[metric]
        same = (
            "failed" if a is None else "same" if abs(a - b) < 1e-6 * max(1, abs(b)) else "DIFFERS"
        )
        print(f"  {metric:24} {a!s:>22} {b!s:>22}  {same}")


if __name__ == "__main__":
    main()
