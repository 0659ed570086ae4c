"""How spikes vary and what they share: Fano factor, local variation, spectra, correlations."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..errors import ValidationError, shorten
from . import spectra, statistics
from .checks import checked_bin, checked_whole, position
from .correlations import correlations
from .spike_counts import Floats, SpikeCounts
from .statistics import milliseconds

__all__ = ["SpikeStatistics"]


class SpikeStatistics(SpikeCounts):
    """Statistics of the spikes of a `SpikeRecord` beyond counts and intervals."""

    def fano_factor(
        self, window: float = 100.0, t_start: float | None = None, t_stop: float | None = None
    ) -> Floats:
        """Variance of the spike count over its mean, of each recorded neuron: float64[k].

        1 for a Poisson process, 0 for a clock whose period divides the window (Fano 1947, Phys
        Rev 72:26; Nawrot et al. 2008, J Neurosci Methods 169:374). Counts are those of all whole
        windows, side by side, of all trials; their variance is that of the sample itself.

        Parameters
        ----------
        window
            Width in ms, rounded to whole steps. With the duration of the record it compares
            trials, and nothing else. A last window that is cut short is left out.
        t_start, t_stop
            The part of the record, in ms, as in `rates`.

        Returns
        -------
        numpy.ndarray
            NaN for a neuron that does not fire there.

        Raises
        ------
        ValidationError
            When there are less than two windows in all, or they are shorter than a step.
        """
        where = f"{self._where}.fano_factor"
        first, last = self._window(t_start, t_stop)
        width = checked_bin(window, self.dt, where)
        bins = (last - first) // width
        if bins * self.n_trials < 2:
            raise ValidationError(
                where,
                f"{bins * self.n_trials} windows of {shorten(window)} ms fit",
                "at least two are needed",
                "use a shorter window",
            )
        inside = self.inside(first, first + bins * width)
        trials = self.trials[inside].astype(np.int64) if self.n_trials > 1 else 0
        index = statistics.bin_index(self.steps[inside], first, width) + trials * bins
        factors = statistics.fano_factors(self.ids[inside], index, self.size, bins * self.n_trials)
        return factors[self.neurons]

    def local_variation(self, min_intervals: int = 3) -> Floats:
        """Local variation LV of the intervals of each recorded neuron: float64[k].

        ``3/(n - 1)`` times the sum over successive intervals of ``((a - b)/(a + b))**2``: 1 for a
        Poisson process, 0 for a clock, and, other than `cv`, hardly moved by a rate that drifts
        (Shinomoto et al. 2003, Neural Comput 15:2823). Pairs are pooled over trials, of which none
        spans two.

        Parameters
        ----------
        min_intervals
            Neurons with fewer intervals give NaN, as do those without two in one trial.
        """
        lengths, keys = statistics.intervals(*self._trains)
        variation = statistics.local_variation(lengths, keys, self.size, min_intervals)
        return variation[self.neurons]

    def spectrum(
        self,
        bin: float = 1.0,
        segment: float | None = None,
        t_start: float | None = None,
        t_stop: float | None = None,
    ) -> tuple[Floats, Floats]:
        """Power spectral density of the population rate, the mean over trials.

        By Welch's method (1967, IEEE Trans Audio Electroacoust 15:70), as ``scipy.signal.welch``:
        Hann windows that overlap by half, the mean of each taken off, one side. Of N independent
        Poisson processes of rate r it is 2 r/N at all frequencies.

        Parameters
        ----------
        bin
            Width in ms, rounded to whole steps, of the bins of the rate; the highest frequency is
            ``500/bin`` Hz. A last bin that is cut short is left out.
        segment
            Length in ms of a window; frequencies are ``1000/segment`` Hz apart. By default 1000
            ms, or a quarter of a part that is shorter than 4 s.
        t_start, t_stop
            The part of the record, in ms, as in `rates`.

        Returns
        -------
        frequencies : float64[f]
            In Hz.
        power : float64[f]
            In Hz**2/Hz, that is in Hz.

        Raises
        ------
        ValidationError
            When a segment holds less than eight bins or is longer than the part.
        """
        where = f"{self._where}.spectrum"
        first, last = self._window(t_start, t_stop)
        width = checked_bin(bin, self.dt, where)
        bins, ms = (last - first) // width, width * self.dt
        length = spectra.segment_length(segment, bins, ms, where)
        scale = 1000.0 / (ms * max(len(self.neurons), 1))
        rates = np.empty((self.n_trials, bins))
        for trial in range(self.n_trials):
            steps = self.steps[self._slice(trial)]
            inside = statistics.in_window(steps, first, first + bins * width, self._span[0])
            counts, _ = statistics.binned_counts(steps[inside], first, first + bins * width, width)
            rates[trial] = counts * scale
        return spectra.welch(rates, 1000.0 / ms, length)

    def cross_correlogram(
        self,
        i: int,
        j: int,
        bin: float = 1.0,
        max_lag: float = 50.0,
        other: SpikeCounts | None = None,
    ) -> tuple[Floats, npt.NDArray[np.int64]]:
        """Count the pairs of a spike of neuron `i` and one of neuron `j` by the lag between them.

        A lag is the time of `j` less that of `i`, so a peak at positive lags says that `j` fires
        after `i` (Perkel et al. 1967, Biophys J 7:419). Pairs are of one trial; a spike makes no
        pair with itself. The expected count of independent neurons is the product of their
        rates, times duration, trials and bin.

        Parameters
        ----------
        i, j
            The neurons; `j` is one of `other`, where that is given.
        bin
            Width in ms, rounded to whole steps; bins are centred on multiples of it and half
            open, ``[centre - bin/2, centre + bin/2)``.
        max_lag
            The largest centre, in ms, rounded down to whole bins.
        other
            Another population of the same run.

        Returns
        -------
        lags : float64[b]
            Centres, in ms, from ``-max_lag`` to ``max_lag``.
        counts : int64[b]

        Raises
        ------
        ValidationError
            When a neuron was not recorded, or the two records have other steps or trials.
        """
        where, target = f"{self._where}.cross_correlogram", self if other is None else other
        if (target.dt, target.n_trials) != (self.dt, self.n_trials):
            raise ValidationError(where, "the records differ in step or trials", "of one run")
        width = checked_bin(bin, self.dt, where)
        bins = checked_whole(int(max_lag / (width * self.dt) + 1e-9), 0, f"{where}, max_lag")
        sides = []
        for record, neuron in ((self, i), (target, j)):
            position(record.neurons, neuron, where)
            steps, keys = record._trains
            rows = (keys % record.size) == neuron
            sides.append((steps[rows], keys[rows] // record.size))
        same = target is self and i == j
        counts = statistics.lag_counts(*sides[0], *sides[1], width, bins, same)
        return milliseconds(np.arange(-bins, bins + 1), width * self.dt), counts

    def correlations(
        self,
        bin: float = 2.0,
        t_start: float | None = None,
        t_stop: float | None = None,
        max_neurons: int = 200,
        seed: int = 0,
    ) -> Floats:
        """Pearson's correlation coefficient of the spike counts of each two neurons.

        As in Dasbach et al. 2021 (doi 10.3389/fnins.2021.757790), whose bins of 2 ms are the
        default; 0 for independent neurons, 1 for equal counts. Neurons whose counts do not vary,
        the silent ones first of all, have no coefficient and are left out.

        Parameters
        ----------
        bin
            Width in ms, rounded to whole steps. A last bin that is cut short is left out.
        t_start, t_stop
            The window in ms, as in `rates`.
        max_neurons
            Of more neurons that fire in the window, that many are drawn.
        seed
            Of the draw, which depends on nothing else but the name of the population.

        Returns
        -------
        float64[k * (k - 1) / 2]
            Of k neurons, the pairs (0, 1), (0, 2), ... in ascending order of their indices; over
            all bins of all trials, of which none spans two trials.

        Raises
        ------
        ValidationError
            When the window is not a part of the record or holds no whole bin, `bin` is shorter
            than a step, or `max_neurons` or `seed` cannot be.
        """
        window, where = self._window(t_start, t_stop), f"{self._where}.correlations"
        return correlations(self, bin, window, max_neurons, seed, where)
