"""TrueNorth against what is published of it, a JSON row each.

R2: power of a convolutional network at 1 kHz ticks lies where Esser et al. 2016 (PNAS,
doi:10.1073/pnas.1604850113) measured eight of theirs, 25 to 275 mW. Theirs are not public: ours has
ternary weights, three layers of convolutions in groups, and random frames, one in each tick; as
many copies of it as fill the chip are charged. A second row has the trained reader of digits.

R3: 72 mW at 20 Hz and 128 active synapses (Merolla et al. 2014, doi:10.1126/science.1254642): in
closed form by the all-in price, and by running the cores of such a network from their tables. The
price of leakage is what the published point leaves, so that the run checks the counts of it all.

    python benchmarks/chips_truenorth.py [--full] [--samples 20]

``--full`` runs all 4,096 cores of R3, which takes 1 GiB, ``--samples 399`` reads all digits.
"""

from __future__ import annotations

import argparse
import json
import os
import time

import numpy as np

import spikestack as sp
from spikestack.chips.evaluating import infer, present
from spikestack.chips.ledger import Ledger
from spikestack.chips.mapping.crossbar_tables import CrossbarRun, CrossbarTables
from spikestack.zoo.tasks import task

POWER, ENERGY, EVENTS = 72.0, 26.0, 1_048_576 * 20.0 * 128
BAND_R2 = (25.0, 275.0)


def row(
    name: str, published: object, found: float, band: tuple[float, float], **more: object
) -> dict:
    """Print a result and give it back."""
    made = {
        "target": name, "published": published, "found": round(found, 4), "band": band,
        "ok": band[0] <= found <= band[1], **more, "load": round(os.getloadavg()[0], 1),
    }  # fmt: skip
    print(json.dumps(made))
    return made


def operating_cores(side: int, seed: int = 0) -> tuple[CrossbarTables, np.ndarray]:
    """Cores at the operating point, side x side of them spread over the mesh, and their places.

    Every neuron sends to an axon of its own, anywhere, of 128 synapses, half of them +1 and half
    -1; a leak of 100 takes it to its threshold of 5,000 twenty times a second.
    """
    rng, cores = np.random.default_rng(seed), side * side
    own = (cores, 256)
    synapses = np.zeros((cores, 256, 256), bool)
    for c in range(cores):
        chosen = np.argpartition(rng.random((256, 256), np.float32), 128, axis=1)[:, :128]
        np.put_along_axis(synapses[c], chosen, True, axis=1)
    weights = np.zeros((*own, 4), np.int64)
    weights[..., 0], weights[..., 1] = 1, -1
    parameters = {
        "leak": np.full(own, 100), "theta": np.full(own, 5000), "gamma": np.ones(own, np.int64),
        "beta": np.full(own, 2**18 - 1),
    }  # fmt: skip
    tables = CrossbarTables(
        np.tile(np.arange(256) % 2, (cores, 1)), synapses, weights, np.zeros_like(weights),
        parameters, rng.permutation(cores * 256).reshape(own), rng.integers(1, 16, own),
        rng.integers(0, 5000, own),
    )  # fmt: skip
    y, x = np.divmod(np.arange(cores), side)
    return tables, (64 // side) * (64 * y + x)


def operating_point(side: int = 8, ticks: int = 500) -> dict:
    """R3 by running it: mW of a whole chip like the cores that were run."""
    tables, places = operating_cores(side)
    begun = time.perf_counter()
    # Packets are under way for up to 15 ticks: what is sent and what arrives is then alike.
    run = CrossbarRun(tables).advance(16).advance(ticks)
    seconds = time.perf_counter() - begun
    _, core, neuron = np.nonzero(run.raster)
    to = places[tables.to[core, neuron] // 256]
    apart = np.abs(np.stack(np.divmod(to, 64)) - np.stack(np.divmod(places[core], 64))).sum(1)
    counts = {
        "dense events": run.events.sum(), "hops north-south": apart[0], "hops east-west": apart[1],
    }  # fmt: skip
    share = side * side / 4096
    ledger = Ledger({name: np.array([int(n / share)]) for name, n in counts.items()})
    bill = sp.chips.TrueNorth().table("parts").of(ledger, ticks / 1000)
    spikes = len(core)
    return row(
        "R3 by running", POWER, 1e3 * bill.power, (0.95 * POWER, 1.05 * POWER), unit="mW",
        cores=side * side, rate_hz=round(1000 * spikes / ticks / (side * side * 256), 2),
        synapses=round(counts["dense events"] / spikes, 1), hops=round(apart.sum() / spikes, 1),
        leakage_mw=round(1e3 * bill.static / bill.seconds, 2),
        pj_per_event=round(1e12 * bill.total / ledger.total("dense events"), 2),
        seconds=round(seconds, 2),
    )  # fmt: skip


def closed_form() -> dict:
    """R3 in closed form: the all-in price times the events of a second, in mW."""
    ledger = Ledger({"dense events": np.array([int(EVENTS)])})
    bill = sp.chips.TrueNorth().table("operating point").of(ledger, 1.0)
    return row("R3 in closed form", POWER, 1e3 * bill.power, (0.95 * POWER, 1.05 * POWER),
               unit="mW", events_per_second=EVENTS)  # fmt: skip


def convolutional(seed: int = 0, side: int = 16, rate: float = 0.1, ticks: int = 60) -> sp.Network:
    """Three layers of 3 x 3 convolutions of ternary weights in groups of 8 channels."""
    rng, net = np.random.default_rng(seed), sp.Network(seed=seed)
    neuron = sp.NeuronModel(
        "v[t+1] = v : 1", threshold="v >= 1", reset="v = 0", dimensionless=True,
        default_synapse="Delta",
    )  # fmt: skip
    before = net.add(sp.Population("frames", (8, side, side), sp.SpikeSource()))
    at, ids = np.nonzero(rng.random((ticks, before.size)) < rate)
    net.drive(before, sp.SpikeTrains(times=at + 1.0, ids=ids))
    size = side
    for k, (channels, groups, stride) in enumerate(((16, 1, 1), (32, 2, 2), (64, 4, 2))):
        kernel = rng.choice([-1.0, 0.0, 1.0], (channels, 8, 3, 3), p=[0.25, 0.4, 0.35]) / 4
        rule = sp.Convolution(kernel, stride=stride, groups=groups)
        size = (size - 3) // stride + 1
        after = net.add(sp.Population(f"layer {k + 1}", (channels, size, size), neuron))
        net.connect(before, after, rule, sp.Delta(weight=1.0, delay=0.0))
        net.record(after, "spikes")
        before = after
    return net


def power(side: int = 16, ticks: int = 60) -> dict:
    """R2: mW of a chip that is full of copies of a convolutional network, a frame in each tick."""
    net = convolutional(side=side, ticks=ticks)
    run = net.run(float(ticks), on=sp.chips.TrueNorth())
    cores = len(run.mapped.cores)
    copies = int(run.mapped.chip.cores) // cores
    bill = run.bill("parts")
    found = 1e3 * (bill.static + copies * sum(bill.dynamic.values())) / bill.seconds
    rates = {
        p.name: round(1000 * len(run[p.name].times) / ticks / p.size, 1)
        for p in net.populations.values() if p.name != "frames"
    }  # fmt: skip
    return row("R2", "25 to 275", found, BAND_R2, unit="mW", cores=cores, copies=copies,
               neurons=run.ledger.total("accesses") // ticks, rates_hz=rates,
               events=run.ledger.total("dense events"))  # fmt: skip


def digits(samples: int = 20) -> list[dict]:
    """Points lost by the reader of digits, and mW of a chip that is full of copies of it."""
    net = sp.zoo.load("digits-camera-chips")
    mapped = sp.chips.TrueNorth().map(net)
    inputs, labels = task("digits-camera").samples("test")
    chosen = np.linspace(0, len(labels) - 1, samples).round().astype(int)
    given = inputs[chosen].reshape(samples, inputs.shape[1], -1)
    described = sp.zoo.evaluate(net, "digits-camera", limit=samples).accuracy
    found = (present(mapped.quantised, given).argmax(1) == labels[chosen]).mean()
    lost = 100 * (described - float(found))
    rows = [row("digits, points lost", 0.0, lost, (-1.0, 1.0), samples=samples,
                accuracy=round(float(found), 4), cores=len(mapped.cores))]  # fmt: skip
    counted = infer(mapped, given[:5], progress=False)
    bill, copies = counted.bill("parts"), 4096 // len(mapped.cores)
    mean = 1e3 * (bill.static + copies * sum(bill.dynamic.values())) / bill.seconds
    alone = 1e6 * counted.bill("parts").total
    print(json.dumps({
        "digits": "energy", "uj_per_sample_alone": round(alone, 1),
        "of_it_dynamic": round(1e6 * sum(bill.dynamic.values()), 2),
        "copies_on_a_chip": copies, "mw_of_a_full_chip": round(mean, 2),
        "uj_per_sample_full": round(1e3 * mean * bill.seconds / copies, 2),
    }))  # fmt: skip
    return rows


def main() -> None:
    """Print all rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="all cores of R3")
    parser.add_argument("--samples", type=int, default=20, help="digits to read")
    given = parser.parse_args()
    closed_form()
    operating_point()
    if given.full:
        operating_point(64, 100)
    power()
    digits(given.samples)


if __name__ == "__main__":
    main()
