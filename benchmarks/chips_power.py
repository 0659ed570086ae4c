"""Power, planning and references: published values beside ours, a JSON row each.

    python benchmarks/chips_power.py [hala_point keyword_ratios ...]

Targets R1 (the published side: powers, rates and energies agree, and their ratios) and R8 (Hala
Point's totals) of the fact sheet, a million cores of SpiNNaker, the brain's 20 W; then what
policies, a waterfall and memory apart make of the reader of digits (`digits-camera-chips`), which
have no published value: ``published`` is null there, and the band says what must hold.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from spikestack.chips.measured import measured
from spikestack.chips.planning import plan

Row = dict[str, Any]


def row(
    name: str, published: float | None, found: float, band: tuple[float, float], **more: Any
) -> Row:
    """One result."""
    return {
        "benchmark": name, "published": published, "found": found, "band": list(band),
        "ok": bool(band[0] <= found <= band[1]), **more,
    }  # fmt: skip


def hala_point_cores() -> Row:
    """R8: 1,152 chips of 122 usable cores."""
    found = plan(1.15e9, 128e9, 10.0, on="HalaPoint")
    return row("R8 cores", 140_544, found.cores or 0, (140_544, 140_544), chips=found.chips)


def hala_point_power() -> Row:
    """R8: the published maximum; lower figures are claims."""
    found = plan(1.15e9, 128e9, 10.0, on="HalaPoint").power[0]
    return row("R8 power, W", 2600, found.watts, (2599.9, 2600.1), scope=found.scope)


def hala_point_energy_of_an_operation() -> Row:
    """R8: 2,600 W at 380e12 synaptic operations a second."""
    found = plan(1.15e9, 128e9, 10.0, on="HalaPoint").power
    joules = next(p.figure for p in found if p.scope == "all-in")
    return row("R8 pJ per operation", 6.8, float(joules) * 1e12, (6.8, 6.9))


def hala_point_speed() -> Row:
    """R8: full, 20 times faster than real time."""
    found = plan(1.15e9, 128e9, 10.0, on="HalaPoint")
    return row("R8 speed", 20, found.speed or 0.0, (20, 20), units=found.units)


def spinnaker_cores() -> Row:
    """A million cores: 57,600 chips of 18."""
    most = plan(57_600 * 4096, 1e9, 1.0, on="SpiNNaker")
    return row("SpiNNaker cores", 1_036_800, most.cores or 0, (1_036_800, 1_036_800),
               boards=most.units)  # fmt: skip


def brain_energy_of_an_event() -> Row:
    """20 W over 1e14 synapses at 1 Hz."""
    found = plan(86e9, 1e14, 1.0, on="brain")
    joules = found.power[0].joules_per_event or 0.0
    return row("brain, pJ per event", 0.2, joules * 1e12, (0.199, 0.201))


def keyword_ratio_of_cpu() -> Row:
    """R1: dynamic energy of the CPU over that of Loihi."""
    energy = {m.device: m["energy"] for m in measured("keyword spotting")}
    return row("R1 CPU / Loihi", 23, energy["CPU"] / energy["Loihi"], (22.5, 23.5))


def keyword_ratio_of_gpu() -> Row:
    """R1: dynamic energy of the GPU over that of Loihi."""
    energy = {m.device: m["energy"] for m in measured("keyword spotting")}
    return row("R1 GPU / Loihi", 110, energy["GPU"] / energy["Loihi"], (109, 111))


def _digit(step_us: float) -> Any:
    """One sample of the reader of digits on Loihi, at some step."""
    from spikestack import zoo
    from spikestack.chips import Figure, Grade, Loihi
    from spikestack.chips.beside import with_sample

    step = Figure(step_us, "us", Grade.DERIVED, "this benchmark")
    samples, _ = zoo.task("digits-camera").samples("test")
    net = with_sample(zoo.load("digits-camera-chips"), samples[0])
    return Loihi(step=step).run(net, samples.shape[1] + 2, progress=False)


def digit_policies() -> Row:
    """What policies save of a digit at steps of 1 ms: most of a chip is not in use."""
    from spikestack.chips.power.policies import manage

    rows = {r["policy"]: round(r["saving"], 4) for r in manage(_digit(1000.0)).rows()}
    return row("digit, saved by power gating", None, rows["PowerGating"], (0.5, 1.0), all=rows)


def digit_races_to_idle() -> Row:
    """Unthrottled, slow cores cost more static energy than they save."""
    from spikestack.chips.power.policies import manage

    rows = {r["policy"]: round(r["saving"], 4) for r in manage(_digit(10.0)).rows()}
    return row("digit, saved by slow cores", None, rows["VoltageScaling"], (-1.0, 0.0), all=rows)


def digit_waterfall() -> Row:
    """From each dense GPU to Loihi, unthrottled, once through all weights for an inference."""
    from spikestack.chips.waterfall import GPUS, waterfall

    run = _digit(10.0)
    found = {name: waterfall(run, name, passes=1).factor for name in GPUS}
    return row("digit, times less than R1's GPU", None, found["published"], (10, 1e4), all=found)


def digit_memory() -> Row:
    """What it is worth to have memory beside the arithmetic."""
    from spikestack.chips.von_neumann import VonNeumann

    found = VonNeumann().beside(_digit(10.0), progress=False)
    return row("digit, memory beside the arithmetic", None, found.colocation, (1, 100))


FOUND: dict[str, Callable[[], Row]] = {
    f.__name__: f
    for f in (
        hala_point_cores, hala_point_power, hala_point_energy_of_an_operation, hala_point_speed,
        spinnaker_cores, brain_energy_of_an_event, keyword_ratio_of_cpu, keyword_ratio_of_gpu,
        digit_policies, digit_races_to_idle, digit_waterfall, digit_memory,
    )
}  # fmt: skip


def main() -> None:
    """Print a row for each name given, or for all."""
    for name in sys.argv[1:] or FOUND:
        print(json.dumps(FOUND[name]()), flush=True)


if __name__ == "__main__":
    main()
