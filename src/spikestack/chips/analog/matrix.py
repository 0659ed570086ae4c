"""Matrix mode of BrainScaleS-2 ("hagen"): vectors of 5 bits times weights of 6, by charge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import ValidationError
from ...network.network import Network
from ...neurons.graded_relu import GradedReLU
from ...numerics.random import bits64, normal, stream_key
from ...program.edge_list import edge_list, edge_weights
from ...program.lower import lower
from ...program.program import Program

__all__ = ["BLOCK", "GAIN", "MOST_INPUT", "MOST_WEIGHT", "NOISE", "MatrixLayer", "MatrixNetwork",
           "multiply"]  # fmt: skip

#: Signed rows of a block: each weight with a sign takes two of the 256 rows.
BLOCK = 128
#: What the makers' stand-in multiplies sums by, and the noise it adds, in units of the read-out.
GAIN, NOISE = 0.002, 2.0
#: Greatest input, and greatest weight by its amount.
MOST_INPUT, MOST_WEIGHT = 31, 63
#: Where the greatest outputs of a layer are put, of 127.
_WANTED = 100.0


def multiply(
    x: np.ndarray,
    w: np.ndarray,
    num_sends: int = 1,
    gain: float = GAIN,
    noise: float = NOISE,
    seed: int = 1,
    name: str = "multiply",
) -> np.ndarray:
    """Multiply vectors by a matrix, as the stand-in of the makers' software does.

    Rows are taken 128 at a time: of each block y = clip(floor((x @ w) num_sends gain + noise),
    -128, 127); the sum of all blocks is clipped alike.

    Parameters
    ----------
    x
        (vectors, inputs) or (inputs,), whole numbers from 0 to 31.
    w
        (inputs, outputs), whole numbers from -63 to 63.
    num_sends
        How often each input is sent.
    gain
        Units of the read-out for 1 of the sum.
    noise
        Standard deviation of a block's result.
    seed, name
        The address of the noise, with block, vector and output.

    Returns
    -------
    numpy.ndarray
        int8 (vectors, outputs), or (outputs,).

    Raises
    ------
    ValidationError
        If shapes do not fit, or numbers are out of range or no whole numbers.

    Notes
    -----
    After ``mac.cpp`` of hxtorch.
    """
    x, w = _whole(x, 0, MOST_INPUT, "x"), _whole(w, -MOST_WEIGHT, MOST_WEIGHT, "w")
    if w.ndim != 2 or x.ndim not in (1, 2) or x.shape[-1] != len(w):
        problem = f"x {x.shape}, w {w.shape}"
        raise ValidationError("multiply", problem, "(n, inputs) and (inputs, m)")
    if not isinstance(num_sends, int | np.integer) or num_sends < 1:
        raise ValidationError("multiply, num_sends", f"got {num_sends!r}", "a whole number from 1")
    if not (np.isfinite(noise) and noise >= 0 and np.isfinite(gain)):
        raise ValidationError("multiply", f"gain {gain!r}, noise {noise!r}", "finite, noise >= 0")
    rows = np.atleast_2d(x)
    total = np.zeros((len(rows), w.shape[1]), np.int64)
    for block, start in enumerate(range(0, len(w), BLOCK)):
        summed = rows[:, start : start + BLOCK] @ w[start : start + BLOCK]
        made = summed * float(num_sends) * gain
        if noise:
            key = bits64(stream_key(seed, name, "matrix"), np.uint64(block))
            each = np.reshape(bits64(key, np.arange(len(rows))), (-1, 1))
            made = made + noise * normal(each, np.arange(w.shape[1])[None])
        total += np.clip(np.floor(made), -128, 127).astype(np.int64)
    return np.clip(total, -128, 127).astype(np.int8).reshape((*x.shape[:-1], w.shape[1]))


def _whole(given: np.ndarray, low: int, high: int, name: str) -> np.ndarray:
    values = np.asarray(given)
    if values.dtype.kind not in "iufb" or not (values == np.rint(values)).all():
        raise ValidationError(f"multiply, {name}", "is not of whole numbers", "whole numbers")
    if values.size and (values.min() < low or values.max() > high):
        problem = f"from {values.min():g} to {values.max():g}"
        raise ValidationError(f"multiply, {name}", problem, f"{low} to {high}", "quantise it first")
    return values.astype(np.int64)


@dataclass(frozen=True)
class MatrixLayer:
    """A layer in the chip's numbers.

    Attributes
    ----------
    name
        Population that it computes.
    weights
        int64 (inputs, outputs), -63 to 63.
    bias
        Added to the read-out by the chip's processor (int64).
    num_sends
        How often inputs are sent.
    shift
        By how many bits a result above 0 is shifted down to an input of the next layer.
    scale
        Units of the read-out for 1 of the description's potential.
    """

    name: str
    weights: np.ndarray
    bias: np.ndarray
    num_sends: int
    shift: int
    scale: float


@dataclass(frozen=True)
class MatrixNetwork:
    """A chain of layers of graded rectifiers in matrix mode.

    Attributes
    ----------
    layers
        From the first to the last, whose results are not rectified.
    scale
        Inputs of the chip for 1 of the description's.
    gain, noise
        See `multiply`.
    """

    layers: tuple[MatrixLayer, ...]
    scale: float
    gain: float = GAIN
    noise: float = NOISE

    @classmethod
    def of(
        cls, network: Network, samples: np.ndarray, gain: float = GAIN, noise: float = NOISE
    ) -> MatrixNetwork:
        """Bring a network of graded rectifiers into the chip's numbers.

        Parameters
        ----------
        network
            A population of sources, then populations of `GradedReLU`, one after the other, joined
            without delay.
        samples
            Vectors that show how large values become, float (samples, sources).
        gain, noise
            See `multiply`.

        Raises
        ------
        ValidationError
            If it is no such chain.
        """
        given = np.asarray(samples, float)
        chain = _chain(network)
        if given.ndim != 2 or not len(given) or given.shape[1] != len(chain[0][1]):
            raise ValidationError("MatrixNetwork, samples", f"of shape {given.shape}",
                                  f"(samples, {len(chain[0][1])})")  # fmt: skip
        if not np.isfinite(given).all() or (given < 0).any() or given.max() <= 0:
            raise ValidationError("MatrixNetwork, samples", "negative, or nothing but 0",
                                  "values from 0 up: the chip's inputs have no sign")  # fmt: skip
        scale = MOST_INPUT / float(given.max())
        made: list[MatrixLayer] = []
        x, factor = np.clip(np.rint(given * scale), 0, MOST_INPUT).astype(np.int64), scale
        for name, weights, bias in chain:
            layer = _layer(name, weights, bias, x, factor, gain)
            y = multiply(x, layer.weights, layer.num_sends, gain, 0.0)
            x = _rectified(np.clip(y + layer.bias, -128, 127), layer.shift)
            factor = layer.scale / 2.0**layer.shift
            made.append(layer)
        return cls(tuple(made), scale, gain, noise)

    def run(self, batch: np.ndarray, seed: int = 1) -> np.ndarray:
        """Results of the last layer.

        Parameters
        ----------
        batch
            float (vectors, sources), in the description's units.
        seed
            Of the noise.

        Returns
        -------
        numpy.ndarray
            int8 (vectors, outputs); divide by ``layers[-1].scale`` for the description's units.
        """
        x = np.clip(np.rint(np.asarray(batch, float) * self.scale), 0, MOST_INPUT).astype(np.int64)
        y = np.zeros((len(x), 0), np.int64)
        for k, layer in enumerate(self.layers):
            y = multiply(
                x, layer.weights, layer.num_sends, self.gain, self.noise, seed, layer.name
            ).astype(np.int64)
            y = np.clip(y + layer.bias, -128, 127)
            if k + 1 < len(self.layers):
                x = _rectified(y, layer.shift)
        return y.astype(np.int8)

    @property
    def passes(self) -> int:
        """How often a vector is sent through a half of the chip: by 128 rows and 256 columns."""
        each = (-(-layer.weights.shape[0] // BLOCK) * -(-layer.weights.shape[1] // 256)
                for layer in self.layers)  # fmt: skip
        return sum(each)


def _rectified(y: np.ndarray, shift: int) -> np.ndarray:
    return np.asarray(np.clip(np.maximum(y, 0) >> shift, 0, MOST_INPUT))


def _layer(
    name: str, weights: np.ndarray, bias: np.ndarray, x: np.ndarray, factor: float, gain: float
) -> MatrixLayer:
    most = float(np.abs(weights).max(initial=0.0)) or 1.0
    numbers = np.rint(weights * (MOST_WEIGHT / most)).astype(np.int64)
    blocks = [x[:, s : s + BLOCK] @ numbers[s : s + BLOCK] for s in range(0, len(numbers), BLOCK)]
    reach = max(float(np.abs(b).max(initial=0)) for b in (*blocks, sum(blocks))) * gain
    sends = max(1, int(_WANTED // reach)) if reach > 0 else 1
    scale = factor * (MOST_WEIGHT / most) * sends * gain
    whole = np.clip(np.rint(bias * scale), -128, 127).astype(np.int64)
    y = np.clip(np.floor(sum(blocks) * sends * gain) + whole, -128, 127)
    top = max(float(y.max()), 1.0)
    shift = max(0, int(np.ceil(np.log2((top + 1.0) / (MOST_INPUT + 1.0)))))
    return MatrixLayer(name, numbers, whole, sends, shift, scale)


def _chain(network: Network) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Populations from the first that is computed on, each with its weights and biases."""
    program = lower(network, 1.0, "float64", 1)
    into: dict[int, int] = {}
    for k, e in enumerate(program.edges):
        if e.post in into:
            name = program.populations[e.post].name
            raise ValidationError("MatrixNetwork", f"{name!r} has several inputs", "a chain")
        into[e.post] = k
    starts = [k for k in range(len(program.populations)) if k not in into]
    if len(starts) != 1 or not into:
        raise ValidationError("MatrixNetwork", f"{len(starts)} populations without input",
                              "one of sources, then one layer after the other")  # fmt: skip
    found, at = [], starts[0]
    while following := [p for p, k in into.items() if program.edges[k].pre == at]:
        if len(following) > 1:
            name = program.populations[at].name
            raise ValidationError("MatrixNetwork", f"{name!r} projects twice", "a chain")
        found.append(_dense(network, program, into[following[0]]))
        at = following[0]
    return found


def _dense(network: Network, program: Program, k: int) -> tuple[str, np.ndarray, np.ndarray]:
    e = program.edges[k]
    pre, post = program.populations[e.pre], program.populations[e.post]
    model, known = network.populations[post.name].model, GradedReLU()
    same = all(getattr(model, n) == getattr(known, n) for n in ("equations", "threshold", "emit"))
    edges = edge_list(e)
    if not same or edges.delays.any():
        problem = "is no GradedReLU" if not same else "is reached late"
        raise ValidationError(f"MatrixNetwork, population {post.name!r}", problem,
                              "sp.GradedReLU, joined by sp.Delta(delay=0)")  # fmt: skip
    weights = np.zeros((pre.size, post.size))
    np.add.at(weights, (edges.pre, edges.post), edge_weights(e))
    bias = np.zeros(post.size)
    if "bias" in post.params:
        bias = np.broadcast_to(np.asarray(post.values[post.params.index("bias")], float), post.size)
    return post.name, weights, bias
