"""What is loaded into crossbar cores, and cores run from just that."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ...errors import ValidationError
from ...numerics.random import stream_key
from ..kernels.crossbar import PARAMETERS, SLOTS, advance

__all__ = ["CrossbarRun", "CrossbarTables"]

#: Bytes that a run's raster may take.
_LARGEST = 2**31


@dataclass(frozen=True)
class CrossbarTables:
    """The memory of crossbar cores.

    Attributes
    ----------
    types
        Of axons, 0 to 3, (cores, axons).
    synapses
        Whether axon and neuron are connected, bool (cores, axons, neurons).
    weights
        Of each neuron by the type of the axon, (cores, neurons, 4).
    draws
        Whether an event through an axon of a type is drawn: it then adds the weight's sign with
        probability ``(|weight| + 1)/256``; (cores, neurons, 4).
    parameters
        By name of `kernels.crossbar.PARAMETERS`, (cores, neurons); 0 where not given.
    to, delays
        The only axon that each neuron sends to, counted through all cores (-1: nowhere), and after
        how many ticks, 1 to 15; (cores, neurons).
    start
        Potentials at t = 0, (cores, neurons).
    """

    types: np.ndarray
    synapses: np.ndarray
    weights: np.ndarray
    draws: np.ndarray
    parameters: dict[str, np.ndarray]
    to: np.ndarray
    delays: np.ndarray
    start: np.ndarray

    def __post_init__(self) -> None:
        cores, axons, neurons = self.synapses.shape
        own = (cores, neurons)
        shapes = {
            "types": (cores, axons), "weights": (*own, 4), "draws": (*own, 4), "to": own,
            "delays": own, "start": own,
        }  # fmt: skip
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                found = f"of shape {getattr(self, name).shape}"
                raise ValidationError(f"CrossbarTables.{name}", found, f"{shape}")
        ranges = {
            "types": (0, 3), "weights": (-255, 255), "to": (-1, cores * axons - 1),
        }  # fmt: skip
        for name, (low, high) in ranges.items():
            given = getattr(self, name)
            if given.size and not low <= given.min() <= given.max() <= high:
                found = f"from {given.min()} to {given.max()}"
                raise ValidationError(f"CrossbarTables.{name}", found, f"{low} to {high}")
        sent = self.delays[self.to >= 0]
        if sent.size and not 1 <= sent.min() <= sent.max() < SLOTS:
            found = f"from {sent.min()} to {sent.max()}"
            raise ValidationError("CrossbarTables.delays", found, f"1 to {SLOTS - 1} ticks")
        if set(self.parameters) - set(PARAMETERS):
            found = ", ".join(sorted(set(self.parameters) - set(PARAMETERS)))
            raise ValidationError("CrossbarTables.parameters", f"has {found}", f"{PARAMETERS}")

    def run(
        self, ticks: int, packets: np.ndarray | None = None, seed: int = 1, name: str = "crossbars"
    ) -> CrossbarRun:
        """Run the cores from their tables alone.

        Parameters
        ----------
        ticks
            How many; the first is tick 1.
        packets
            From outside, int64 (packets, 2): the tick in which it acts, and the axon.
        seed, name
            Of random draws.
        """
        return CrossbarRun(self, seed, name).advance(ticks, packets)


@dataclass
class CrossbarRun:
    """Cores in the middle of a run; any cutting into pieces gives the same spikes.

    Attributes
    ----------
    raster
        Who fired, bool (ticks, cores, neurons), of the last piece.
    events
        Active synapses, int64 (ticks, cores), of the last piece.
    v
        Potentials, int64 (cores, neurons).
    """

    tables: CrossbarTables
    seed: int = 1
    name: str = "crossbars"
    tick: int = 1
    raster: np.ndarray = field(default_factory=lambda: np.zeros((0, 0, 0), bool))
    events: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.int64))

    def __post_init__(self) -> None:
        t = self.tables
        cores, axons, neurons = t.synapses.shape
        self.v = t.start.astype(np.int64)
        self._slots = np.zeros((SLOTS, cores * axons), bool)
        self._parameters = np.zeros((cores, neurons, len(PARAMETERS)), np.int64)
        for name, values in t.parameters.items():
            self._parameters[:, :, PARAMETERS.index(name)] = values

    def advance(self, ticks: int, packets: np.ndarray | None = None) -> CrossbarRun:
        """Compute further ticks; packets are those of these ticks."""
        t = self.tables
        cores, axons, neurons = t.synapses.shape
        if ticks < 0 or ticks * cores * neurons > _LARGEST:
            raise ValidationError("CrossbarRun", f"{ticks} ticks at a time", "fewer, from 0 on")
        given = np.zeros((0, 2), np.int64) if packets is None else np.asarray(packets, np.int64)
        given = given.reshape(-1, 2)
        if len(given) and not 0 <= given[:, 1].min() <= given[:, 1].max() < cores * axons:
            raise ValidationError("CrossbarRun", "a packet to no axon", f"0 to {cores * axons - 1}")
        given = given[np.argsort(given[:, 0], kind="stable")]
        self.raster = np.zeros((ticks, cores, neurons), bool)
        self.events = np.zeros((ticks, cores), np.int64)
        advance(
            self.tick, t.types.astype(np.int64), t.synapses, t.weights.astype(np.int64),
            t.draws.astype(bool), self._parameters, t.to.astype(np.int64),
            t.delays.astype(np.int64), given, stream_key(self.seed, self.name, "crossbar"),
            self.v, self._slots, self.raster.reshape(ticks, cores * neurons), self.events,
        )  # fmt: skip
        self.tick += ticks
        return self
