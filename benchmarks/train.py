"""Training steps side by side with other libraries: CPU time of forward and backward, one thread.

Two networks: one population of N neurons over T steps, given what arrives; and a convolutional one
on 2 x 32 x 32 events at 5 %, conv16 - LIF - pool - conv32 - LIF - pool - 10, batch 16, 25 steps.
Peers are written as their own tutorials do, and run by another Python:

    python benchmarks/train.py --peer-python PATH
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

N, STEPS, BATCH = 512, 500, 16
PEER = """
import sys, time, json, torch, torch.nn as nn
torch.set_num_threads(1); torch.manual_seed(0)
name, case, repeats = sys.argv[1], sys.argv[2], int(sys.argv[3])
F = nn.functional
conv = case == "conv"
T = 25 if conv else 500
x = (torch.rand(25, 16, 2, 32, 32) < 0.05).float() if conv else torch.randn(500, 16, 512)
y = torch.randint(0, 10, (16,))
shapes = [(16, 32, 32), (32, 16, 16)]
if name == "spikingjelly":
    from spikingjelly.activation_based import neuron, layer, functional, surrogate
    lif = lambda: neuron.LIFNode(tau=2.0, detach_reset=True, surrogate_function=surrogate.ATan(),
                                 step_mode="m")
    m = lambda kind, *a, **k: kind(*a, step_mode="m", **k)
    parts = [m(layer.Conv2d, 2, 16, 3, padding=1), lif(), m(layer.AvgPool2d, 2),
             m(layer.Conv2d, 16, 32, 3, padding=1), lif(), m(layer.AvgPool2d, 2),
             m(layer.Flatten), m(layer.Linear, 2048, 10), lif()] if conv else [
             m(layer.Linear, 512, 512), lif()]
    net = nn.Sequential(*parts)
    def run():
        functional.reset_net(net)
        return net(x)
elif name == "sinabs":
    import sinabs.layers as sl
    lif = lambda: sl.LIF(tau_mem=10.0)
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.c1, self.c2 = nn.Conv2d(2, 16, 3, padding=1), nn.Conv2d(16, 32, 3, padding=1)
            self.f = nn.Linear(2048, 10) if conv else nn.Linear(512, 512)
            self.l1, self.l2, self.l3 = lif(), lif(), lif()
        def forward(self, x):
            each = lambda layer, z: layer(z.flatten(0, 1)).unflatten(0, z.shape[:2])
            pool = lambda z: F.avg_pool2d(z.flatten(0, 1), 2).unflatten(0, z.shape[:2])
            for l in (self.l1, self.l2, self.l3):
                l.reset_states()
            z = x.transpose(0, 1)
            if conv:
                z = pool(self.l1(each(self.c1, z)))
                z = pool(self.l2(each(self.c2, z))).flatten(2)
            return self.l3(each(self.f, z)).transpose(0, 1)
    net = Net()
    run = lambda: net(x)
else:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.c1, self.c2 = nn.Conv2d(2, 16, 3, padding=1), nn.Conv2d(16, 32, 3, padding=1)
            self.f = nn.Linear(2048, 10) if conv else nn.Linear(512, 512)
            if name == "snntorch":
                import snntorch as snn
                cell = lambda: snn.Leaky(beta=0.9)
            else:
                import norse.torch as norse
                cell = norse.LIFCell
            self.l1, self.l2, self.l3 = cell(), cell(), cell()
        def forward(self, x):
            first = [l.init_leaky() for l in (self.l1, self.l2, self.l3)] \
                if name == "snntorch" else [None] * 3
            s, out = list(first), []
            for t in range(T):
                z = x[t]
                if conv:
                    z, s[0] = self.l1(self.c1(z), s[0]); z = F.avg_pool2d(z, 2)
                    z, s[1] = self.l2(self.c2(z), s[1]); z = F.avg_pool2d(z, 2).flatten(1)
                z, s[2] = self.l3(self.f(z), s[2])
                out.append(s[2] if name == "snntorch" else z)
            return torch.stack(out)
    net = Net()
    run = lambda: net(x)
least = 1e9
for k in range(repeats + 1):
    net.zero_grad()
    start = time.process_time()
    out = run()
    (F.cross_entropy(out.mean(0), y) if conv else out.sum()).backward()
    if k:
        least = min(least, time.process_time() - start)
print(json.dumps(1e3 * least))
"""


def convolutional() -> Callable[[], None]:
    """A training step of the convolutional network."""
    import spikestack as sp

    layers = [sp.Conv(16), "lif", sp.Pool(2), sp.Conv(32), "lif", sp.Pool(2), sp.Linear(10),
              "readout"]  # fmt: skip
    module = sp.layered((2, 32, 32), layers, gain=2.0).compile("torch", dt=1.0)
    x = (torch.rand(25, BATCH, 2048) < 0.05).float()
    y = torch.randint(0, 10, (BATCH,))

    def step() -> None:
        module.zero_grad()
        potential = module(x)["layer3.v"].mean(0)
        torch.nn.functional.cross_entropy(potential, y).backward()

    return step


def dense() -> Callable[[], None]:
    """A training step of one layer of 512 to 512, sources being given values."""
    import spikestack as sp

    net = sp.layered((N,), [sp.Linear(N), "lif"], gain=1.0, graded=True)
    net.record(net["layer1"], "spikes")
    module = net.compile("torch", dt=1.0)
    x = torch.randn(STEPS, BATCH, N)

    def step() -> None:
        module.zero_grad()
        module(x).spikes["layer1"].sum().backward()

    return step


def milliseconds(step: Callable[[], None], repeats: int) -> float:
    """CPU time of a step, the least of several."""
    found = []
    for _ in range(repeats + 2):
        start = time.process_time()
        step()
        found.append(time.process_time() - start)
    return 1e3 * float(np.min(found[2:]))


def peer(python: str, name: str, case: str, repeats: int) -> float | None:
    """The same by another library; None where it does not run."""
    made = subprocess.run(
        [python, "-c", PEER, name, case, str(repeats)], capture_output=True, text=True, check=False
    )
    if made.returncode:
        print(f"{name} {case}: {made.stderr.strip().splitlines()[-1]}")
        return None
    return float(json.loads(made.stdout.strip().splitlines()[-1]))


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer-python")
    parser.add_argument("--peers", default="snntorch,spikingjelly,norse,sinabs")
    parser.add_argument("--cases", default="conv,dense")
    parser.add_argument("--repeats", type=int, default=8)
    given = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    cases: dict[str, Any] = {"conv": convolutional, "dense": dense}
    for case in given.cases.split(","):
        ours = milliseconds(cases[case](), given.repeats)
        print(f"{case:6} {'spikestack':14} {ours:8.1f} CPU ms", flush=True)
        for name in given.peers.split(",") if given.peer_python else ():
            found = peer(given.peer_python, name, case, 2 if case == "dense" else 4)
            if found is not None:
                print(f"{case:6} {name:14} {found:8.1f} CPU ms  {found / ours:5.1f}x", flush=True)


if __name__ == "__main__":
    main()
