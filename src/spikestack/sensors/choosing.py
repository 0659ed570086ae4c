"""Which encoder suits a signal: reconstruction against the number of events."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ValidationError, shorten
from .encoders.base import Encoder
from .sampled import checked_signal, sampling_step

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Choice", "Trial", "choose_encoder", "reconstruction_snr"]

_SHARES = (0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2)
#: Candidates: name of the encoder -> parameters to try.
_GRID: dict[str, list[dict[str, Any]]] = {
    "SendOnDelta": [{"share": s} for s in _SHARES],
    "StepForward": [{"share": s, "most": m} for s in _SHARES for m in (1, 100)],
    "ThresholdBased": [{"f": f} for f in (0.0, 0.25, 0.5, 1.0, 2.0)],
    "MovingWindow": [
        {"share": s, "window": w} for s in (0.005, 0.01, 0.02, 0.05, 0.1) for w in (2, 4, 8)
    ],
    "BSA": [{"taps": n, "threshold": f} for n in (5, 10, 20, 40) for f in (0.02, 0.1, 0.4)],
    "RegularCode": [{"per_sample": r, "samples": w} for r in (0.2, 1.0, 5.0) for w in (2, 5, 15)],
    "PoissonCode": [{"per_sample": r, "samples": w} for r in (0.2, 1.0) for w in (5, 15, 50)],
    "SigmaDeltaCode": [
        {"per_sample": r, "samples": w} for r in (0.2, 1.0, 5.0) for w in (2, 5, 15)
    ],
    "LIFCode": [{"per_sample": r, "samples": w} for r in (0.5, 2.0, 8.0) for w in (1, 3, 10)],
    "LatencyCode": [{"every": n} for n in (1, 2, 4, 8)],
    "PhaseCode": [{"phases": b, "every": n} for b in (4, 8) for n in (1, 2, 4, 8)],
    "IntervalCode": [{"longest": f} for f in (2.0, 4.0, 8.0, 16.0)],
}


@dataclass(frozen=True)
class Trial:
    """One encoder tried on a signal.

    Attributes
    ----------
    encoder
        With its parameters.
    snr
        Of the reconstruction, in dB.
    events
        How many there were.
    """

    encoder: Encoder
    snr: float
    events: int

    @property
    def name(self) -> str:
        """Of the encoder's kind."""
        return type(self.encoder).__name__


@dataclass(frozen=True)
class Choice:
    """What `choose_encoder` found.

    Attributes
    ----------
    best
        The trial that was chosen.
    tried
        All of them.
    samples
        Of the signal, times its channels.
    """

    best: Trial
    tried: tuple[Trial, ...]
    samples: int

    @property
    def front(self) -> list[Trial]:
        """Those that none other beats in both dB and events, from few events to many."""
        found: list[Trial] = []
        for trial in sorted(self.tried, key=lambda t: (t.events, -t.snr)):
            if not found or trial.snr > found[-1].snr:
                found.append(trial)
        return found

    def plot(self) -> Figure:
        """Draw dB against events per sample; the line is the Pareto front.

        Raises
        ------
        MissingExtraError
            Without matplotlib.
        """
        style = importlib.import_module("spikestack.recording.plot_style")
        figure = style.new_figure(5.2, 3.4)
        ax = figure.subplots()
        style.dress(ax)
        marks = "osD^v<>*PXph"
        for k, name in enumerate(dict.fromkeys(t.name for t in self.tried)):
            mine = [t for t in self.tried if t.name == name and t.events]
            at = [t.events / self.samples for t in mine]
            look = {"color": style.color_of(k), "marker": marks[k % len(marks)]}
            ax.plot(at, [t.snr for t in mine], ls="", ms=4, label=name, **look)
        shown = [t for t in self.front if t.events]
        at = [t.events / self.samples for t in shown]
        ax.plot(at, [t.snr for t in shown], color=style.FAINT, lw=0.8, zorder=0)
        place = (self.best.events / self.samples, self.best.snr)
        ax.plot(*place, "o", ms=11, mfc="none", color=style.INK)
        ax.set(xscale="log", xlabel="events per sample", ylabel="reconstruction (dB)")
        ax.set_ylim(bottom=-12)
        ax.legend(frameon=False, fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
        return figure  # type: ignore[no-any-return]


def choose_encoder(
    signal: Any,
    dt: Any,
    *,
    snr: float | None = 20.0,
    events: float | None = None,
    among: Sequence[str] | None = None,
    grid: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> Choice:
    """Try encoders with many parameters on a signal, and take the best.

    Parameters
    ----------
    signal
        Shape (samples,) or (samples, channels); a typical stretch is enough.
    dt
        ms between samples, or a rate as ``"360 Hz"``.
    snr
        dB of reconstruction that are wanted: the encoder with fewest events that gives them.
    events
        Or events per sample and channel that may be spent: the encoder with most dB for them.
    among
        Names of encoders; all with a useful decoder by default.
    grid
        Other parameters to try, by name of the encoder: arguments of its `fitted`.

    Returns
    -------
    Choice
        With ``best``, ``front``, ``tried`` and ``plot()``.

    Raises
    ------
    ValidationError
        If the signal is constant, or nothing meets the wish.
    """
    values, step = checked_signal(signal, "choose_encoder"), sampling_step(dt)
    if not len(values) or not (np.ptp(values, axis=0) > 0).any():
        raise ValidationError("choose_encoder", "the signal is constant", "one that varies")
    plans = dict(grid or _GRID)
    for name in among or ():
        if name not in plans:
            raise ValidationError("choose_encoder, among", shorten(name), f"{sorted(plans)}")
    tried = []
    for name in among or plans:
        for encoder in _candidates(name, plans[name], values, step):
            spikes = encoder.encode(values, step)
            back = encoder.decode(spikes, len(values), step).reshape(values.shape)
            tried.append(Trial(encoder, reconstruction_snr(values, back), len(spikes)))
    return Choice(_best(tried, snr, events, values.size), tuple(tried), values.size)


def reconstruction_snr(signal: Any, decoded: Any) -> float:
    """Variance of the signal over the mean square error, in dB; infinite without error."""
    values, back = np.asarray(signal, np.float64), np.asarray(decoded, np.float64)
    error = float(((values - back) ** 2).mean())
    power = float(((values - values.mean(axis=0)) ** 2).mean())
    with np.errstate(divide="ignore"):
        return float(10 * np.log10(np.float64(power) / error)) if error else float("inf")


def _best(tried: list[Trial], snr: float | None, events: float | None, samples: int) -> Trial:
    if events is not None:
        affordable = [t for t in tried if t.events <= events * samples]
        if not affordable:
            least = min(t.events for t in tried) / samples
            raise ValidationError(
                "choose_encoder, events", f"none does with {events}", f"at least {least:.3g}"
            )
        return max(affordable, key=lambda t: (t.snr, -t.events))
    good = [t for t in tried if t.snr >= (snr if snr is not None else -np.inf)]
    if not good:
        most = max(t.snr for t in tried)
        raise ValidationError(
            "choose_encoder, snr", f"none reaches {snr} dB", f"at most {most:.1f} dB"
        )
    return min(good, key=lambda t: (t.events, -t.snr))


def _candidates(
    name: str, plans: Sequence[Mapping[str, Any]], values: Any, dt: float
) -> Iterator[Encoder]:
    """Encoders fitted to the signal; those that cannot be at this sampling rate are left out."""
    module = importlib.import_module("spikestack.equations.catalogue")
    kind = module.members("spikestack.sensors.encoders")[name]
    for plan in plans:
        settings = dict(plan)
        if "per_sample" in settings:  # spikes per sample and samples of the decoder's window
            settings["rate"] = settings.pop("per_sample") * 1e3 / dt
            span = settings.pop("samples") * dt
            settings["tau" if name == "LIFCode" else "window"] = span
        if name == "IntervalCode" and "shortest" not in settings:
            settings = {"shortest": dt, "longest": settings["longest"] * dt}
        encoder = kind.fitted(values, dt, **settings)
        try:
            encoder._check(dt, values.shape[1])
        except ValidationError:
            continue
        yield encoder
