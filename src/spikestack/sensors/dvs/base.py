"""What all models of a DVS share: a size, parameters with units, presets, a seed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from ...equations.model import Parameter
from ...errors import UnknownNameError, ValidationError, shorten
from ...numerics.random import normal, stream_key
from ...values import Distribution, as_value
from .packing import MAX_PIXELS
from .scenes import Scene
from .stream import LabelledEvents, Stream

__all__ = ["DVS", "PixelState"]

_WIDEST = 1 << 16
#: Thresholds that mismatch would make smaller are this.
LEAST_THRESHOLD = 0.01


class PixelState(ABC):
    """The pixels while they look at a scene; made by `DVS.begin`."""

    @abstractmethod
    def run(
        self, first: int, time: float, span: float, words: npt.NDArray[np.int64], n: int
    ) -> tuple[int, int]:
        """Advance pixels from `first` on by `span` us; see `kernels`."""

    @abstractmethod
    def see(self, frame: npt.NDArray[Any]) -> None:
        """Take the sample at the end of the step."""

    @abstractmethod
    def finish(self) -> None:
        """What was the end of the step becomes the beginning of the next."""


class DVS(ABC):
    """A dynamic vision sensor; `ESIM`, `V2E` and `Voltmeter` are the models of its pixels.

    Parameters
    ----------
    width, height
        Pixels.
    seed, name
        Name all random numbers: what differs from pixel to pixel, and noise.
    parameters
        As declared by the model: numbers in the declared unit, texts or quantities with a unit.
        Thresholds may be arrays of shape (height, width).

    Raises
    ------
    ValidationError
        If a parameter is unknown or leaves its range, or the size is no size.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    #: Published description of the model.
    source: ClassVar[str] = ""

    def __init__(
        self, width: int, height: int, *, seed: int = 0, name: str = "dvs", **parameters: Any
    ) -> None:
        where = type(self).__name__
        for side, size in (("width", width), ("height", height)):
            if not isinstance(size, int | np.integer) or not 0 < size <= _WIDEST:
                raise ValidationError(
                    f"{where}.{side}", f"got {shorten(size)}", f"a whole number up to {_WIDEST}"
                )
        if width * height > MAX_PIXELS:
            raise ValidationError(where, f"{width * height} pixels", f"at most {MAX_PIXELS}")
        if not isinstance(seed, int | np.integer) or not isinstance(name, str):
            raise ValidationError(where, f"seed {shorten(seed)}, name {shorten(name)}",
                                  "a whole number and a text")  # fmt: skip
        self.width, self.height, self.seed, self.name = int(width), int(height), int(seed), name
        declared = self.declared_parameters()
        for given in parameters:
            if given not in declared:
                raise UnknownNameError(where, given, declared)
        self.values: dict[str, Any] = {}
        for key, parameter in declared.items():
            value = self._checked(key, parameter, parameters.get(key, parameter.default))
            self.values[key] = value
            setattr(self, key, value)
        self._check()

    def _checked(self, key: str, parameter: Parameter, given: Any) -> Any:
        where = f"{type(self).__name__}.{key}"
        if isinstance(parameter, Choice):
            if given not in parameter.choices:
                raise ValidationError(
                    where, f"got {shorten(given)}", f"one of {', '.join(parameter.choices)}"
                )
            return given
        value = as_value(given, parameter.parsed_unit(where), where)
        allowed = [(), (self.height, self.width)] if key.startswith("threshold") else [()]
        if isinstance(value, Distribution) or np.shape(value) not in allowed:
            raise ValidationError(
                where, f"got {shorten(given)}", f"a number{' for each pixel' * len(allowed[1:])}"
            )
        parameter.check(value, where)
        return value

    def _check(self) -> None:  # noqa: B027
        """Raise ValidationError for parameters that do not go together."""

    @classmethod
    def declared_parameters(cls) -> dict[str, Parameter]:
        """Every parameter of the model, in order of declaration."""
        found: dict[str, Parameter] = {}
        for base in reversed(cls.__mro__):
            found |= {k: v for k, v in vars(base).items() if isinstance(v, Parameter)}
        return found

    @classmethod
    def preset(cls, name: str, width: int, height: int, **parameters: Any) -> Self:
        """Make the sensor with a named set of parameters, and `parameters` on top of it.

        Raises
        ------
        UnknownNameError
            If the model has no set of that name.
        """
        if name not in cls.presets:
            raise UnknownNameError(f"{cls.__name__}.preset", name, cls.presets)
        return cls(width, height, **{**cls.presets[name], **parameters})

    def record(
        self, scene: Scene, start: Any = 0.0, stop: Any = None, *, step: Any = None
    ) -> LabelledEvents:
        """What the sensor sees of a scene.

        Parameters
        ----------
        scene
            What is before it, of its size.
        start, stop
            ms; events from `start` on and before `stop`, by default the scene's end.
        step
            ms between samples of an analytic scene, by default what the scene proposes. Between
            samples the logarithm of intensity is a straight line.

        Returns
        -------
        LabelledEvents
            Events, each with what made it.

        Raises
        ------
        ValidationError
            If sizes differ, the scene has no end and none is given, or stop is before start.
        """
        stream = self.stream(scene, start, step=step)
        return stream.advance(scene.duration if stop is None else stop)

    def stream(self, scene: Scene, start: Any = 0.0, *, step: Any = None) -> Stream:
        """The same, in pieces: ``stream.advance(until)``; their sum is one recording."""
        return Stream(self, scene, start, step)

    def live(self, frame: npt.ArrayLike, time: Any = 0.0) -> Stream:
        """Look at frames as they come: ``stream.push(frame, time)`` gives the events between."""
        stream = Stream(self, None, time, None)
        stream.first(frame)
        return stream

    @abstractmethod
    def begin(self, frame: npt.NDArray[Any], time: float) -> PixelState:
        """Pixels adapted to a frame, seen from `time` us on."""

    def key(self, purpose: str) -> np.uint64:
        """The key of the sensor's random numbers for one purpose."""
        return stream_key(self.seed, self.name, purpose)

    def spread(self, key: str, sigma: float, purpose: str) -> npt.NDArray[np.float64]:
        """A threshold for every pixel: the parameter's value plus sigma times a normal number."""
        pixels = self.width * self.height
        value = np.broadcast_to(self.values[key], (self.height, self.width)).ravel().astype(float)
        if sigma:
            value = value + sigma * normal(self.key(purpose), np.arange(pixels, dtype=np.uint64))
            value = np.maximum(value, LEAST_THRESHOLD)
        return np.ascontiguousarray(value)

    def __repr__(self) -> str:
        default = {k: v.default for k, v in self.declared_parameters().items()}
        changed = "".join(
            f", {k}={shorten(v, 20)}" for k, v in self.values.items()
            if np.ndim(v) or v != self._checked(k, self.declared_parameters()[k], default[k])
        )  # fmt: skip
        return f"{type(self).__name__}({self.width}, {self.height}{changed})"


class Choice(Parameter):
    """A parameter that is one of a few texts."""

    choices: tuple[str, ...]

    def __init__(self, *choices: str, meaning: str = "") -> None:
        super().__init__(choices[0], meaning=meaning)
        object.__setattr__(self, "choices", choices)
