"""Data parallel training by PyTorch's own package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the extra train is not installed")

PROGRAM = """
import os
import sys

import numpy as np
import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

import spikestack as sp


def network():
    rng, net = np.random.default_rng(0), sp.Network(seed=1)
    source = net.add(sp.Population("in", 12, sp.SpikeSource()))
    hidden = net.add(sp.Population("hidden", 16, sp.DiscreteLIF()))
    out = net.add(sp.Population("out", 3, sp.LeakyIntegrator()))
    net.drive(source, sp.ExternalSpikes(weight=1.0))
    at_once = sp.Delta(weight=1.0, delay=0.0)
    net.connect(source, hidden, sp.Dense(rng.normal(0.2, 0.4, (12, 16))), at_once)
    net.connect(hidden, out, sp.Dense(rng.normal(size=(16, 3))), at_once)
    net.record(out, "v")
    return net


def gradients(module, x, y):
    said = module(x)["out.v"].mean(0)
    torch.nn.functional.cross_entropy(said, y).backward()
    return [p.grad.clone() for p in module.parameters()]


torch.set_num_threads(1)
x = (torch.rand(15, 8, 12, generator=torch.Generator().manual_seed(0)) < 0.3) + 0.0
y = torch.arange(8) % 3
rank = int(sys.argv[1])
dist.init_process_group("gloo", init_method=f"file://{sys.argv[2]}", rank=rank, world_size=2)
mine = slice(4 * rank, 4 * rank + 4)
shared = DistributedDataParallel(network().compile("torch", 1.0))
found = gradients(shared, x[:, mine], y[mine])
alone = gradients(network().compile("torch", 1.0), x, y)
assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(found, alone))
assert max(float(a.abs().max()) for a in alone) > 1e-2
dist.destroy_process_group()
"""


@pytest.mark.slow
def test_two_processes_share_a_batch(tmp_path: Path) -> None:
    """Their mean gradient is that of the whole batch."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    meeting = tmp_path / "meeting"
    running = [
        subprocess.Popen(
            [sys.executable, str(program), str(rank), str(meeting)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for rank in (0, 1)
    ]  # fmt: skip
    for process in running:
        said, _ = process.communicate(timeout=300)
        assert process.returncode == 0, said
