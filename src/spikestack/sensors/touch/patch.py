"""A patch of skin with all its afferents, and pins that are pressed into it."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ...errors import UnknownNameError, ValidationError, shorten
from ...numerics.random import normal as drawn_normal
from ...numerics.random import stream_key, uniform
from ...units import magnitude, parse_unit
from ..events import UnitEvents
from .firing import DEAD, RATE, fire, low_pass
from .mechanics import compliance, contact_loads, vertical_stress, wave_delay
from .models import DENSITIES, KINDS, MODELS, AfferentModel

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["SkinPatch"]

_BLOCK = 4096


class SkinPatch:
    """SA1, RA and PC afferents below a rectangle of skin, and flat round pins that press on it.

    The skin is an elastic half-space. From how deep each pin is come the loads of those that touch;
    from loads the vertical stress at each receptor, at once; from how fast they change, motion of
    the surface, which spreads as a wave. Each afferent filters and weights both (`AfferentModel`)
    and is a leaky integrate-and-fire neuron at 5 kHz with two currents after each spike and 1 ms of
    refractoriness; its spikes arrive after a conduction delay. Mechanics, densities and depths are
    those of TouchSim (Saal, Delhaye, Rayhaun and Bensmaia 2017, PNAS 114:E5693); what the afferents
    weigh, and by how much they differ, was chosen by us.

    It feels piece by piece: `push` gives the spikes that have arrived by the end of a piece, and
    `finish` those still under way; together they are what `feel` gives for the whole. Units are
    afferents: all SA1, then all RA, then all PC, or in the order in which they are given.

    Parameters
    ----------
    pins
        Where they are, mm from the middle of the patch, (pins, 2).
    radius
        Of each pin in mm. Pins may touch, and not overlap.
    region
        Densities of afferents: ``"fingertip"``, ``"finger"`` or ``"palm"``; or afferents per cm^2
        for each kind: ``{"SA1": 70.0}``.
    size
        Width and height of the patch in mm.
    position, kind
        Afferents to take instead of random ones: mm, (afferents, 2), and a name in `KINDS` for
        each; both or neither.
    models
        An `AfferentModel` for each kind.
    spread
        Standard deviation of the logarithm of afferents' sensitivity.
    delay
        Least and greatest conduction delay in ms, uniform between them.
    noise
        Whether the models' noise is added.
    seed
        Of positions, sensitivities, delays, and noise.

    Attributes
    ----------
    position
        float64 (afferents, 2), mm from the middle.
    kind
        Name of each afferent's kind.
    delay
        Of each afferent, ms.

    Raises
    ------
    ValidationError
        If a setting is out of range, pins overlap, or there is no afferent.
    UnknownNameError
        If there is no such region or kind.
    """

    def __init__(
        self,
        pins: Any,
        radius: Any = 0.5,
        region: str | Mapping[str, float] = "fingertip",
        size: Any = (10.0, 10.0),
        *,
        position: Any = None,
        kind: Any = None,
        models: Mapping[str, AfferentModel] = MODELS,
        spread: float = 0.2,
        delay: Any = (1.0, 11.0),
        noise: bool = True,
        seed: int = 0,
    ) -> None:
        mm = parse_unit("mm")
        self.radius = float(magnitude(radius, mm, "SkinPatch.radius"))
        self.pins = _places(pins, "pins")
        self.size = _pair(magnitude(size, mm, "SkinPatch.size"), "size", 1e-3)
        self.seed = int(seed)
        least, most = _pair(magnitude(delay, parse_unit("ms"), "SkinPatch.delay"), "delay", 0.0)
        if not (np.isfinite(self.radius) and self.radius > 0 and least <= most and spread >= 0):
            given = f"radius {self.radius:g} mm, delay {least:g} to {most:g} ms, spread {spread}"
            raise ValidationError("SkinPatch", given, "radius > 0, spread >= 0, delays ascending")
        self._models = {_known(name): model for name, model in models.items()}
        for name, model in self._models.items():
            if not isinstance(model, AfferentModel):
                given = f"got {shorten(model)} for {name}"
                raise ValidationError("SkinPatch.models", given, "an AfferentModel")
        self.position, self.kind = self._afferents(region, position, kind)
        each = np.arange(self.units, dtype=np.uint64)
        delays = least + (most - least) * self._uniform("delay", each)
        self.delay = np.rint(delays * 1e3) / 1e3
        self.sensitivity = np.exp(spread * np.asarray(drawn_normal(self._key("spread"), each)))
        self._noisy = bool(noise)
        self._couple()
        self.reset()

    @property
    def units(self) -> int:
        """Number of afferents."""
        return len(self.kind)

    def _afferents(self, region: Any, position: Any, kind: Any) -> Any:
        if (position is None) != (kind is None):
            raise ValidationError("SkinPatch", "got position or kind alone", "both or neither")
        if position is not None:
            places, kinds = _places(position, "position"), np.atleast_1d(np.asarray(kind))
            if len(kinds) == 1:
                kinds = np.repeat(kinds, len(places))
            if len(kinds) != len(places):
                raise ValidationError(
                    "SkinPatch.kind", f"got {len(kinds)}", f"one for each of {len(places)}"
                )
            return places, np.array([_known(str(k)) for k in kinds], "U3")
        if isinstance(region, str):
            if region not in DENSITIES:
                raise UnknownNameError("region", region, DENSITIES)
            region = DENSITIES[region]
        area = self.size[0] * self.size[1] * 1e-2
        drawn: list[Any] = []
        names: list[str] = []
        for name in sorted(map(_known, region), key=KINDS.index):
            count = area * region[name]
            if not 0 <= count <= 1e6:
                raise ValidationError("SkinPatch.region", f"{count:g} of {name}", "0 to a million")
            numbers = np.arange(2 * round(count), dtype=np.uint64)
            drawn.append(self._uniform(f"position {name}", numbers).reshape(-1, 2) - 0.5)
            names += [name] * round(count)
        if not names:
            raise ValidationError("SkinPatch", "holds no afferent", "a larger patch")
        return np.concatenate(drawn) * self.size, np.array(names, "U3")

    def _couple(self) -> None:
        """What a load on each pin does to each pin, and to each receptor."""
        apart = _distances(self.pins, self.pins)
        near = apart[~np.eye(len(self.pins), dtype=bool)].min(initial=np.inf)
        if near < 2.0 * self.radius * (1.0 - 1e-9):
            raise ValidationError(
                "SkinPatch.pins", f"two are {near:g} mm apart", f"at least {2 * self.radius:g} mm"
            )
        missing = sorted(set(self.kind.tolist()) - set(self._models))
        if missing:
            raise ValidationError("SkinPatch.models", f"none for {missing}", "one for each kind")
        names = list(self._models)
        self._kind = np.array([names.index(k) for k in self.kind.tolist()], np.int64)
        self._filters = np.array([low_pass(m) for m in self._models.values()])
        self._rows = np.array([m.row() for m in self._models.values()])
        if not self._noisy:
            self._rows[:, 7] = 0.0
        depth = np.array([m.depth for m in self._models.values()])[self._kind]
        self._compliance = compliance(apart, self.radius)
        far = _distances(self.position, self.pins)
        #: kPa of stress per N on each pin, (afferents, pins).
        self.stress = 1e3 * vertical_stress(far, depth[:, None], self.radius)
        self._motion = compliance(far, self.radius) / depth[:, None] ** 2
        self._late = np.rint(wave_delay(far, self.radius) * RATE * 1e-3).astype(np.int64)
        self._keys = np.array([self._key("noise", k) for k in range(self.units)], np.uint64)

    def reset(self) -> None:
        """Forget all: the next sample is at time 0, and the first one is no motion."""
        self._touching = np.zeros(len(self.pins), np.bool_)
        self._last: npt.NDArray[np.float64] | None = None
        self._past = np.zeros((len(self.pins), int(self._late.max())))
        self._states = np.zeros((self.units, 10))
        self._left = np.zeros(self.units, np.int64)
        self._waiting = (np.zeros(0, np.int64), np.zeros(0, np.uint32))
        self._samples = 0

    def feel(self, depth: Any) -> UnitEvents:
        """All spikes that a record evokes; see `push`."""
        self.reset()
        parts = [self.push(depth), self.finish()]
        self.reset()
        t, unit = (np.concatenate([getattr(p, name) for p in parts]) for name in ("t", "unit"))
        return UnitEvents(t, unit, self.units)

    def loads(self, depth: Any) -> npt.NDArray[np.float64]:
        """N on each pin at each sample, (samples, pins); never negative."""
        given = self._checked(depth)
        out = np.empty((len(self.pins), len(given)))
        contact_loads(given, self._compliance, np.zeros(len(self.pins), np.bool_), out)
        return np.ascontiguousarray(out.T)

    def push(self, depth: Any) -> UnitEvents:
        """The spikes that arrive during the next samples.

        Parameters
        ----------
        depth
            How deep pins are below the surface at rest, in mm, at 5000 samples per second:
            (samples, pins), or (samples,) for one pin. Where negative, a pin is in the air.
        """
        given = self._checked(depth)
        for begin in range(0, len(given), _BLOCK):
            self._advance(given[begin : begin + _BLOCK])
        return self._release(int(self._samples * (1e6 / RATE)))

    def finish(self) -> UnitEvents:
        """The spikes that were still on their way."""
        return self._release(np.iinfo(np.int64).max)

    def _advance(self, depth: npt.NDArray[np.float64]) -> None:
        n = len(depth)
        loads = np.empty((len(self.pins), n))
        contact_loads(depth, self._compliance, self._touching, loads)
        last = loads[:, 0] if self._last is None else self._last
        rates = np.diff(loads, axis=1, prepend=last[:, None]) * RATE
        rates = np.concatenate([self._past, rates], axis=1)
        self._last = loads[:, -1].copy()
        self._past = rates[:, rates.shape[1] - self._past.shape[1] :].copy()
        most = self.units * (n // (DEAD + 1) + 1)
        samples, units = np.empty(most, np.int64), np.empty(most, np.uint32)
        coupling = (self.stress, self._motion, self._late, self.sensitivity, self._kind)
        facts = (self._filters, self._rows, self._keys, self._samples, self._states, self._left)
        count = fire(loads, rates, *coupling, *facts, samples, units)
        self._samples += n
        late = np.rint(self.delay * 1e3).astype(np.int64)[units[:count]]
        t = np.rint((samples[:count] + 1) * (1e6 / RATE)).astype(np.int64) + late
        t = np.concatenate([self._waiting[0], t])
        unit = np.concatenate([self._waiting[1], units[:count]])
        order = np.lexsort((unit, t))
        self._waiting = (t[order], unit[order])

    def _release(self, until: int) -> UnitEvents:
        t, unit = self._waiting
        cut = int(np.searchsorted(t, until, side="right"))
        self._waiting = (t[cut:], unit[cut:])
        return UnitEvents(t[:cut], unit[:cut], self.units)

    def _checked(self, depth: Any) -> npt.NDArray[np.float64]:
        given = np.asarray(depth)
        if given.ndim == 1:
            given = given[:, None]
        if given.ndim != 2 or given.shape[1] != len(self.pins) or given.dtype.kind not in "iuf":
            raise ValidationError(
                "SkinPatch, depth", f"got shape {given.shape}", f"(samples, {len(self.pins)})"
            )
        made = np.ascontiguousarray(given, dtype=np.float64)
        if not np.isfinite(made).all():
            raise ValidationError("SkinPatch, depth", "holds NaN or infinity", "finite samples")
        return made

    def plot(self, events: UnitEvents | None = None) -> Figure:
        """Where the afferents are, the larger the more they fired; and the pins.

        Raises
        ------
        MissingExtraError
            Without matplotlib.
        """
        style = importlib.import_module("spikestack.recording.plot_style")
        figure = style.new_figure(4.6, 4.2)
        ax = figure.subplots()
        style.dress(ax)
        counts = np.full(self.units, 4.0) if events is None else events.counts()
        for k, name in enumerate(KINDS):
            mine = self.kind == name
            place, area = self.position[mine].T, 2.0 + 60.0 * counts[mine] / max(counts.max(), 1)
            ax.scatter(*place, s=area, color=style.color_of(k), lw=0, alpha=0.8, label=name)
        for x, y in self.pins:
            ring = np.exp(2j * np.pi * np.linspace(0, 1, 60)) * self.radius
            ax.plot(x + ring.real, y + ring.imag, color=style.INK, lw=0.6)
        ax.set(xlabel="mm", ylabel="mm", aspect="equal")
        ax.legend(frameon=False, fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
        return figure  # type: ignore[no-any-return]

    def _key(self, purpose: str, index: int = 0) -> np.uint64:
        return stream_key(self.seed, "skin patch", purpose, index)

    def _uniform(self, purpose: str, counter: Any) -> npt.NDArray[np.float64]:
        return np.atleast_1d(np.asarray(uniform(self._key(purpose), counter)))


def _known(kind: str) -> str:
    if kind not in KINDS:
        raise UnknownNameError("kind of afferent", kind, KINDS)
    return kind


def _places(given: Any, name: str) -> npt.NDArray[np.float64]:
    value = magnitude(given, parse_unit("mm"), f"SkinPatch.{name}")
    places = np.asarray(value, dtype=np.float64)
    if places.ndim != 2 or places.shape[1] != 2 or not len(places) or not np.isfinite(places).all():
        raise ValidationError(f"SkinPatch.{name}", f"got {shorten(given)}", "(n, 2) numbers, mm")
    return np.ascontiguousarray(places)


def _pair(given: Any, name: str, least: float) -> npt.NDArray[np.float64]:
    pair = np.asarray(given, dtype=np.float64)
    if pair.shape != (2,) or not np.isfinite(pair).all() or (pair < least).any():
        raise ValidationError(f"SkinPatch.{name}", f"got {shorten(given)}", f"two >= {least:g}")
    return pair


def _distances(a: Any, b: Any) -> npt.NDArray[np.float64]:
    made: npt.NDArray[np.float64] = np.hypot(*(a[:, None, :] - b[None, :, :]).transpose(2, 0, 1))
    return made
