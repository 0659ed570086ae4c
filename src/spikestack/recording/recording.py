"""What a run gives back: the spikes and traces of all populations, and where they came from."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, overload

from ..errors import ValidationError, shorten
from .checks import checked_span, checked_window
from .exchange import Exchange
from .records import Records
from .spikes import SpikeRecord
from .structure import StructureRecord
from .tables import html_report, printable, text_report
from .trace import Trace

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .report import Report

__all__ = ["Recording"]

STATUSES = ("complete", "interrupted")


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Recording(Exchange):
    """What a run gives back.

    ``result["exc"]`` is short for ``result.spikes["exc"]``, the spikes of a population, and
    ``result["exc", "v"]`` for ``result.traces["exc"]["v"]``.

    Parameters
    ----------
    spikes
        A `SpikeRecord` for each population whose spikes were recorded, by its name.
    traces
        By population and variable, a `Trace` for each variable recorded.
    structure
        By projection, a `StructureRecord` of the synapses that were formed and removed.
    t_start, t_stop
        The window, in ms.
    provenance
        Where it comes from, as plain data: versions, seed, fingerprint, dt, precision, engine,
        threads, wall_time_s, build_time_s, date; see `report`.
    status
        ``"complete"`` or ``"interrupted"``.
    reason
        Why it was interrupted.

    Raises
    ------
    ValidationError
        When a record stands under a name that is not its own, or the window or status cannot be.
    """

    t_stop: float
    t_start: float = 0.0
    spikes: Mapping[str, SpikeRecord] = field(default_factory=dict)
    traces: Mapping[str, Mapping[str, Trace]] = field(default_factory=dict)
    structure: Mapping[str, StructureRecord] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    status: str = "complete"
    reason: str = ""

    #: The network that was run, and what it learned in one call; neither is saved.
    network: ClassVar[Any] = None
    learned: ClassVar[Any] = None

    def __post_init__(self) -> None:
        t_start, t_stop = checked_span(self.t_start, self.t_stop, "Recording")
        if self.status not in STATUSES:
            raise ValidationError(
                "Recording.status", f"got {shorten(self.status)}", f"must be one of {STATUSES}"
            )
        for name, spikes in self.spikes.items():
            _check_name("spikes", name, spikes.population)
        for name, variables in self.traces.items():
            for variable, trace in variables.items():
                _check_name("traces", (name, variable), (trace.population, trace.variable))
        for name, changes in self.structure.items():
            _check_name("structure", name, changes.projection)
        traces = {
            name: Records(f"recorded variables of {name!r}", variables)
            for name, variables in self.traces.items()
        }
        for attribute, value in (
            ("t_start", t_start),
            ("t_stop", t_stop),
            ("spikes", Records("recorded spikes", self.spikes)),
            ("traces", Records("recorded traces", traces)),
            ("structure", Records("projections whose synapses change", self.structure)),
            ("provenance", dict(self.provenance)),
        ):
            object.__setattr__(self, attribute, value)

    @property
    def duration(self) -> float:
        """Length of the window, in ms."""
        return self.t_stop - self.t_start

    @overload
    def __getitem__(self, key: str) -> SpikeRecord: ...

    @overload
    def __getitem__(self, key: tuple[str, str]) -> Trace: ...

    def __getitem__(self, key: str | tuple[str, str]) -> SpikeRecord | Trace:
        if isinstance(key, tuple):
            if len(key) != 2:
                raise ValidationError(
                    "Recording", f"got the key {shorten(key)}", "a name, or (population, variable)"
                )
            return self.traces[key[0]][key[1]]
        return self.spikes[key]

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.spikes)

    def rates(self, t_start: float | None = None, t_stop: float | None = None) -> dict[str, float]:
        """Mean rate of each population by name, in Hz; see `SpikeRecord.rate`."""
        return {name: record.rate(t_start, t_stop) for name, record in self.spikes.items()}

    def between(self, t_start: float, t_stop: float) -> Recording:
        """The part from `t_start` to `t_stop` ms, as a recording of its own.

        Half open as ``(t_start, t_stop]``, as in `SpikeRecord.rates`. Nothing is copied where
        there is one trial, so a part of a recording on disk takes what the part takes.

        Raises
        ------
        ValidationError
            When the window is empty or not a part of the recording.
        """
        from .cutting import part_of

        return part_of(self, *checked_window(self, t_start, t_stop))

    def same_spikes(self, other: Recording) -> bool:
        """Whether both hold the same populations with the same spikes, in any order of names."""
        return set(self.spikes) == set(other.spikes) and all(
            record.same_spikes(other.spikes[name]) for name, record in self.spikes.items()
        )

    def raster(
        self,
        populations: Sequence[str] | None = None,
        t_start: float | None = None,
        t_stop: float | None = None,
        max_neurons: int = 2000,
        trial: int = 0,
        width: float = 7.0,
    ) -> Figure:
        """Draw the spikes of all populations above their rates, and return the figure.

        In a notebook the figure shows as the value of a cell; in a script,
        ``result.raster().savefig("raster.png")``.

        Parameters
        ----------
        populations
            Names, from top to bottom; all that were recorded by default.
        t_start, t_stop
            The window, in ms; all of it by default.
        max_neurons
            Of more neurons, about that many are shown, evenly spaced; the labels say so. Rates
            are always those of all recorded neurons.
        trial
            The trial shown as a raster; rates are the mean over all trials.
        width
            In inches: 7 for two columns of a page, 3.5 for one. Saved as PDF or SVG, all but
            rasters of very many spikes stays vectors.

        Raises
        ------
        MissingExtraError
            Without matplotlib.
        ValidationError
            When there are no spikes to draw, a name is unknown, or the window is not a part of
            the recording.
        """
        from .plots import recording_figure

        names = list(self.spikes) if populations is None else list(populations)
        window = checked_window(self, t_start, t_stop)
        return recording_figure(
            [self.spikes[name] for name in names], [], window, max_neurons, trial, width=width
        )

    def plot(
        self,
        t_start: float | None = None,
        t_stop: float | None = None,
        max_neurons: int = 2000,
        trial: int = 0,
        width: float = 7.0,
    ) -> Figure:
        """Draw raster, rates and traces over the same time, and below them what sums them up.

        That is, of every population, the distribution over neurons of the rate and of the `cv` of
        the intervals, and the `spectrum` of the population rate. For the rest, see `raster`.
        """
        from .plots import recording_figure

        traces = [trace for variables in self.traces.values() for trace in variables.values()]
        window = checked_window(self, t_start, t_stop)
        records = list(self.spikes.values())
        return recording_figure(
            records, traces, window, max_neurons, trial, width=width, summary=True
        )

    def to_html(
        self,
        path: str | os.PathLike[str],
        title: str | None = None,
        max_spikes: int = 500_000,
        trial: int = 0,
    ) -> Path:
        """Write one HTML file with figures to zoom in, tables and provenance; return its path.

        It needs no other file, no library and no network, and loads nothing from anywhere.

        Parameters
        ----------
        path
            Where to; an existing file is replaced.
        title
            At its head.
        max_spikes
            Of more spikes, those of evenly spaced neurons are drawn; the page says so.
        trial
            The trial drawn; rates and tables are of all.

        Raises
        ------
        ValidationError
            When there is no such trial.
        OSError
            When the file cannot be written.
        """
        from .page import page_of, write_page

        return write_page(page_of(self, title, max_spikes, trial), path)

    def report(self) -> Report:
        """What the engine chose, what it takes in memory, and where the time went.

        All of it comes from `provenance`, so it can also be had of a recording that was loaded;
        what an older file does not say is left out. A run with ``profile=True`` adds the time
        by phase. Printing it, or leaving it as the value of a notebook's cell, shows it.
        """
        from .report import report_of

        return report_of(self)

    def explain(self, population: str, neuron: int, t: float, **settings: Any) -> Any:
        """What made a neuron fire, or stay silent, at `t` ms; the run is made again up to then.

        See `spikestack.insight.explain`, also for the settings: ``trial``, ``window`` and, for a
        recording that was loaded, ``network``.
        """
        # Bound here rather than imported: a recording needs no engine.
        insight = importlib.import_module("spikestack.insight")
        return insight.explain(self, population, neuron, t, **settings)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything to one file, whole or not at all; `load` gives it back bit for bit.

        Raises
        ------
        ValidationError
            When the provenance is not plain data.
        OSError
            When the folder does not exist, is not writable or is full.
        """
        from .files import save_recording

        save_recording(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Recording:
        """Read a file written by `save`, or open a folder that a run recorded to.

        Raises
        ------
        FileNotFoundError
            When there is no such file.
        FileFormatError
            When it is damaged, of another kind or of a later version.
        """
        from .files import load_recording
        from .opening import open_folder

        return open_folder(path) if os.path.isdir(path) else load_recording(path)

    @classmethod
    def join(cls, *pieces: Recording) -> Recording:
        """One recording of a run that was made in pieces, in order.

        Times stay as they are. A sample taken at the seam by both pieces is kept once. Status and
        reason are those of the last piece; provenance keeps what the pieces agree on, sums the
        times spent, and lists the pieces' own under ``"parts"``.

        Raises
        ------
        ValidationError
            When a piece does not begin where the one before it ends, or they do not record the
            same things of the same populations.
        """
        from .joining import join_recordings

        return join_recordings(pieces)

    def __str__(self) -> str:
        return text_report(self)

    def __repr__(self) -> str:
        names = ", ".join(printable(name) for name in self.spikes)
        return f"<Recording of {self.duration:g} ms, {self.status}; spikes: {names or 'none'}>"

    def _repr_html_(self) -> str:
        return html_report(self)


def _check_name(where: str, key: object, own: object) -> None:
    if key != own:
        raise ValidationError(
            f"Recording.{where}", f"{shorten(key)} holds the record of {shorten(own)}"
        )
