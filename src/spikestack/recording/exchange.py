"""What a recording becomes in other libraries: pandas, xarray, Neo, NIR, Arrow, Elephant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .checks import pandas

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .recording import Recording
    from .spikes import SpikeRecord
    from .trace import Trace

__all__ = ["Exchange"]


class Exchange:
    """The part of `Recording` that speaks to other libraries, each imported when asked for."""

    spikes: Mapping[str, SpikeRecord]
    traces: Mapping[str, Mapping[str, Trace]]

    def to_pandas(self) -> Any:
        """All spikes in one DataFrame: population, time_ms, neuron, trial, and value if any has.

        Populations come one after the other, as a categorical column; ``value`` is NaN for
        populations whose spikes carry none. Traces have a `to_pandas` of their own.

        Raises
        ------
        MissingExtraError
            Without pandas.
        """
        frame = pandas()
        names = list(self.spikes)
        parts = [record.to_pandas() for record in self.spikes.values()]
        if not parts:
            columns = ["population", "time_ms", "neuron", "trial"]
            return frame.DataFrame(columns=columns)
        codes = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        table = frame.concat(parts, ignore_index=True)
        population = frame.Categorical.from_codes(codes, categories=names)
        table.insert(0, "population", population)
        return table

    def to_xarray(self) -> Any:
        """All traces and spikes as an xarray.Dataset with units.

        A trace is named as ``exc.v`` and has the dimensions ``trial``, ``time`` (in ms) and
        ``neuron``. Where traces are of other times or neurons than the first, those dimensions
        bear the trace's name too: ``inh.v.time``. Spikes are the variables ``exc.spike_time`` (in
        ms), ``exc.spike_neuron``, ``exc.spike_trial`` and, where they carry something,
        ``exc.spike_value``, over ``exc.spike``. Attributes hold units and provenance.

        Raises
        ------
        MissingExtraError
            Without xarray.
        """
        from .exporting import dataset_of

        return dataset_of(self)  # type: ignore[arg-type]

    def to_neo(self) -> Any:
        """A neo.Block: a segment for each trial, with spike trains and signals as quantities.

        Each recorded neuron is a SpikeTrain, also a silent one, annotated with ``population`` and
        ``neuron``; each trace is an AnalogSignal with a channel for each neuron.

        Raises
        ------
        MissingExtraError
            Without neo.
        """
        from .neo_blocks import block_of

        return block_of(self)  # type: ignore[arg-type]

    @classmethod
    def from_neo(cls, block: Any, dt: float | None = None) -> Recording:
        """A recording of a neo.Block: of one that `to_neo` made, all; of others, on a grid.

        Parameters
        ----------
        block
            A segment is a trial. Trains and signals belong to the population that their
            annotation ``population`` or ``source_population`` names, else to ``"neo"``; which
            neuron they are of is said by ``neuron``, ``source_index``, ``channel_index`` or
            ``source_id``, else by their order.
        dt
            Step in ms of blocks that we did not make: spikes are moved to the nearest. By
            default the least sampling period of its signals.

        Raises
        ------
        ValidationError
            When it is no block, nothing says what dt is, or its parts do not fit each other.
        MissingExtraError
            Without neo.
        """
        from .from_neo import recording_of

        return recording_of(block, dt)

    def to_nir_data(self, *, gridded: bool = False, renumber: bool = False) -> Any:
        """A nir.NIRGraphData: a node for each population, with its spikes and its traces.

        ``nir.write_data("spikes.nir", result.to_nir_data())`` writes it. Times are in seconds from
        `t_start`; an event stands in the middle of the step at whose end we note the spike. Units
        of traces, provenance and status are not part of the form.

        Parameters
        ----------
        gridded
            Spikes as TimeGriddedData, [trials, steps, neurons], bool or what they carry, in place
            of EventData (ValuedEventData where they carry something).
        renumber
            Where a part of a population was recorded: number these neurons from 0, in order.

        Raises
        ------
        ValidationError
            When there is what the form cannot hold, each by name: neurons left out (without
            `renumber`), unevenly sampled traces, changes of structure, names with ``/``, two
            spikes of a neuron in one step of a grid.
        MissingExtraError
            Without nir.
        """
        from .nir_data import graph_data_of

        return graph_data_of(self, gridded, renumber)  # type: ignore[arg-type]

    @classmethod
    def from_nir_data(
        cls,
        data: Any,
        dt: float | None = None,
        *,
        t_start: float = 0.0,
        units: Mapping[str, str] | None = None,
    ) -> Recording:
        """A recording of a nir.NIRGraphData, as `nir.read_data` gives it.

        A node's EventData, boolean grid, or grid named ``"spikes"`` becomes its spikes, sizes
        being those of the data; every other grid becomes a trace. An event in step k, that is
        ``floor(time / dt)``, is a spike at the end of that step. Nodes within nodes are named as
        ``outer/inner``.

        Parameters
        ----------
        data
            The data; times in seconds.
        dt
            Step in ms; by default that of the finest grid in the data. Events say none.
        t_start
            When the data begin, in ms.
        units
            Unit of each variable by name, such as ``{"v": "mV"}``; the form has none.

        Raises
        ------
        ValidationError
            When nothing says what dt is, the arrays do not fit, or a node has spikes twice.
        MissingExtraError
            Without nir.
        """
        from .nir_data import recording_of

        return recording_of(data, dt, t_start, units)

    def elephant(self, function: str, of: Any = None, trial: int = 0, **options: Any) -> Any:
        """What a function of Elephant says of this recording.

        ``result.elephant("statistics.cv2", "exc")``, or, of a trace,
        ``result.elephant("spectral.welch_psd", ("exc", "v"), frequency_resolution=2)``.

        Parameters
        ----------
        function
            Its name within Elephant, with its module.
        of
            A population for functions of spikes, (population, variable) for functions of signals;
            not needed where there is one only.
        trial
            Which trial.
        options
            Further arguments by name; numbers that are times are in ms, frequencies in Hz.

        Returns
        -------
        object
            For functions of one train or of its intervals an array with an entry for each
            recorded neuron (NaN where it has too few spikes), or a list if they give more than a
            number; for functions of two trains the matrix of all pairs; else what Elephant gives.

        Raises
        ------
        ValidationError
            When Elephant has no such function, or it needs what cannot be had from a recording.
        MissingExtraError
            Without elephant.
        """
        from .elephants import called

        return called(self, function, of, trial, options)  # type: ignore[arg-type]

    def to_arrow(self) -> Any:
        """All spikes as a pyarrow.Table: population, time_ms, neuron, trial, step, value.

        ``value`` is there if any population's spikes carry one. What is not in columns stands in
        the metadata of the schema. Traces have a `to_arrow` of their own; ``sp.formats.arrow``
        writes and reads all of a recording.

        Raises
        ------
        ValidationError
            When spikes carry whole numbers that do not fit a common column.
        MissingExtraError
            Without pyarrow.
        """
        from .arrow_tables import spike_table

        return spike_table(self)  # type: ignore[arg-type]
