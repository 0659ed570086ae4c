"""Rows of other hardware for a comparison of chips: a processor with its memory apart, GPUs."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..network.network import Network
from .comparison import Row
from .figures import Grade
from .measured import measured
from .power.laws import si
from .sampling import with_sample
from .von_neumann import VonNeumann
from .waterfall import GPUS

__all__ = ["rows_beside", "with_sample"]


def rows_beside(
    network: Network,
    duration: Any,
    *,
    dt: Any = 1.0,
    sample: np.ndarray | None = None,
    drive: str = "events",
) -> tuple[Row, ...]:
    """What a processor and graphics cards would take for the same; all of them estimates.

    Parameters
    ----------
    network
        The description.
    duration, dt
        ms of an inference, or of the run, and of a step.
    sample
        What the drive sends, (steps, neurons); the network's own input by default.
    drive
        Name of the `ExternalSpikes` that the sample is fed to.

    Returns
    -------
    tuple of Row
        For ``others`` of `compare_chips`: the words that a processor moves for every event, with
        what it adds up, nothing for instructions; and GPUs that go through all synapses in every
        step, at the energy of one multiplication that `waterfall.GPUS` states.
    """
    fed = network if sample is None else with_sample(network, sample, drive, float(dt))
    found = VonNeumann().run(fed, duration, dt=dt, progress=False)
    dense = VonNeumann(dense=True).run(fed, duration, dt=dt, progress=False)
    rows = [
        Row(
            "CPU, memory apart", energy=found.joules() + found.arithmetic,
            dynamic=found.joules() + found.arithmetic, scope="traffic and arithmetic",
            grade=str(Grade.UNVERIFIED),
            notes=(f"a memory beside the arithmetic takes {found.colocation:.3g} times less",),
        )
    ]  # fmt: skip
    (gpu,) = measured("keyword spotting", "GPU")
    macs_of_it = 390 * 256 + 256 * 256 + 256 * 29
    for name, machine in GPUS.items():
        dynamic = dense.events * si(machine.dynamic)
        lasts = dense.events / (gpu["rate"] * macs_of_it) if name == "published" else None
        rows.append(Row(
            machine.name, seconds=lasts, energy=dynamic + dense.events * si(machine.idle),
            dynamic=dynamic, scope="by multiplications", grade=str(machine.dynamic.grade),
            notes=(f"{machine.dynamic.source}: {machine.dynamic.note}",),
        ))  # fmt: skip
    return tuple(rows)
