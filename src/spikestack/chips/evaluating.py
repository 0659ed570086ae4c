"""How well a network answers in a chip's numbers, sample by sample."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ValidationError
from ..progress import Meter
from ..simulation import Simulation
from .ledger import Ledger
from .mapping.cores import MappedNetwork
from .pricing import Bill
from .quantising import Quantised
from .running import ChipRun, MappedSimulation
from .sampling import with_sample

if TYPE_CHECKING:
    from .chip import Chip

__all__ = ["Inferences", "infer", "infer_by_runs", "present"]

#: Samples of one run of `present`.
_TOGETHER = 15


@dataclass(frozen=True)
class Inferences:
    """What `infer` found.

    Attributes
    ----------
    answers
        Mean of what the readout's neurons held, in the description's units, (samples, classes).
    ledger
        What happened in all of it.
    seconds
        What the chip takes for one sample.
    run
        Of the last sample.
    """

    answers: np.ndarray
    ledger: Ledger
    seconds: float
    run: ChipRun

    def accuracy(self, labels: np.ndarray) -> float:
        """Share of samples whose greatest answer is their label."""
        return float((self.answers.argmax(1) == np.asarray(labels)).mean())

    def bill(self, table: str | None = None) -> Bill:
        """Energy of a mean sample."""
        samples = len(self.answers)
        chip = self.run.mapped.chip
        bill = chip.table(table).of(self.ledger, self.seconds * samples, self.run.chips_used)
        dynamic = {name: energy / samples for name, energy in bill.dynamic.items()}
        return Bill(
            dynamic, bill.static / samples, bill.host / samples, self.seconds, bill.prices,
            bill.unpriced,
        )  # fmt: skip


def _readout(quantised: Quantised) -> str:
    """The one population whose potential is recorded."""
    read = [p.target.population.name for p in quantised.network.probes if p.variable == "v"]
    if len(read) != 1:
        raise ValidationError("readout", f"v is recorded of {read}", "of one population")
    return read[0]


def _later(quantised: Quantised, readout: str) -> int:
    return int(quantised.late.get(readout, 0))


def _described(quantised: Quantised, readout: str, v: np.ndarray) -> np.ndarray:
    if readout not in quantised.scales:
        return v
    return v / quantised.scales[readout] + quantised.zeros[readout]


def _feed(simulation: Simulation, drive: str, sample: np.ndarray, trial: int | None) -> None:
    step, unit = np.nonzero(sample)
    simulation.inject(
        drive, times=(step + 1.0) * simulation.dt, ids=unit, counts=sample[step, unit], trial=trial
    )


def _checked(quantised: Quantised, drive: str, samples: np.ndarray) -> np.ndarray:
    if drive not in quantised.network.drives:
        where = f"drive {drive!r}"
        names = ", ".join(map(repr, quantised.network.drives))
        raise ValidationError(where, "is none of the network's", names or "a drive")
    if samples.ndim != 3:
        raise ValidationError("samples", f"of shape {samples.shape}", "(samples, steps, neurons)")
    return samples


def present(quantised: Quantised, samples: np.ndarray, drive: str = "events") -> np.ndarray:
    """Answers of a quantised network, on one core without bounds; nothing is counted.

    Parameters
    ----------
    quantised
        From `Chip.quantise`; it records ``v`` of its readout.
    samples
        What the neurons of the drive send, (samples, steps, neurons).
    drive
        Name of the `ExternalSpikes`.

    Returns
    -------
    numpy.ndarray
        Mean potential of the readout over the steps of a sample, float64 (samples, classes), each
        sample from the network's start; the steps by which the readout is late are left out.
    """
    samples, readout = _checked(quantised, drive, samples), _readout(quantised)
    late, found = _later(quantised, readout), []
    steps = samples.shape[1] + late
    for start in range(0, len(samples), _TOGETHER):
        part = samples[start : start + _TOGETHER]
        simulation = Simulation(
            quantised.network, dt=quantised.dt, precision="float64", trials=len(part)
        )
        for trial, sample in enumerate(part):
            _feed(simulation, drive, sample, trial)
        simulation.forward(steps, progress=False)
        v = np.asarray(simulation.recording()[readout, "v"].values)[:, late:]
        found.append(_described(quantised, readout, v).mean(1))
    return np.concatenate(found)


def infer(
    mapped: MappedNetwork,
    samples: np.ndarray,
    drive: str = "events",
    progress: bool | None = None,
    simulation: Any = None,
) -> Inferences:
    """Run samples on a chip, each from the network's start, and count all that happens.

    Parameters
    ----------
    mapped
        From `Chip.map`.
    samples, drive
        See `present`.
    progress
        Whether to show a bar; by default on a terminal only.
    simulation
        What runs it; a `MappedSimulation` by default.
    """
    quantised = mapped.quantised
    samples, readout = _checked(quantised, drive, samples), _readout(quantised)
    late, answers, ledgers = _later(quantised, readout), [], []
    simulation = MappedSimulation(mapped, threads=1) if simulation is None else simulation
    seconds = 0.0
    with Meter(len(samples) * samples.shape[1] * quantised.dt, progress) as meter:
        for k, sample in enumerate(samples):
            simulation.again()
            _feed(simulation, drive, sample, None)
            simulation.forward(samples.shape[1] + late, progress=False)
            run = simulation.result()
            answers.append(run[readout, "v"].values[0][late:].mean(0))
            ledgers.append(Ledger(run.ledger.counts, packets=run.ledger.packets))
            seconds += run.hardware_seconds
            meter.show((k + 1.0) * samples.shape[1] * quantised.dt)
    return Inferences(np.array(answers), reduce(add, ledgers), seconds / len(samples), run)


def infer_by_runs(
    chip: Chip,
    mapped: MappedNetwork,
    samples: np.ndarray,
    drive: str = "events",
    progress: bool | None = None,
) -> Inferences:
    """The same for a chip whose step is no model: each sample is a run of its own kernel.

    Parameters
    ----------
    chip
        What executes it.
    mapped, samples, drive, progress
        See `infer`.
    """
    quantised = mapped.quantised
    samples, readout = _checked(quantised, drive, samples), _readout(quantised)
    late, answers, ledgers, seconds = _later(quantised, readout), [], [], 0.0
    with Meter(len(samples) * samples.shape[1] * quantised.dt, progress) as meter:
        for k, sample in enumerate(samples):
            fed = with_sample(quantised.network, sample, drive, quantised.dt)
            one = replace(mapped, quantised=replace(quantised, network=fed))
            run = chip.execute(one, samples.shape[1] + late, progress=False)
            answers.append(run[readout, "v"].values[0][late:].mean(0))
            ledgers.append(Ledger(run.ledger.counts, packets=run.ledger.packets))
            seconds += run.hardware_seconds
            meter.show((k + 1.0) * samples.shape[1] * quantised.dt)
    return Inferences(np.array(answers), reduce(add, ledgers), seconds / len(samples), run)
