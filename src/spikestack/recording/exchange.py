"""What a recording becomes in other libraries: pandas, xarray, Neo, Arrow, Elephant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .checks import pandas

if TYPE_CHECKING:
    from collections.abc import Mapping

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
