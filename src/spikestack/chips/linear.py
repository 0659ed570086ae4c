"""What a neuron does, found out from its step: leaks, gains, threshold, reset.

The step's three-address code is run on chosen states, so that any model whose step is linear below
the threshold is understood, whatever its equations are called. Chips whose neurons are circuits,
not programs, take these numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engines.interpreting import interpret
from ..errors import ValidationError
from ..program.program import INJECTED, PopulationProgram

__all__ = ["LinearNeuron", "identify"]

#: Relative deviation from a straight line that counts as rounding.
_STRAIGHT = 1e-9
_HALVINGS = 200


@dataclass(frozen=True)
class LinearNeuron:
    """v <- decay v + gain i + drift, i <- current_decay i, by neuron (float64 arrays).

    Attributes
    ----------
    decay, drift
        Of the potential, in one step.
    gain, current_decay
        Of the synaptic current, by receptor: (receptors, neurons). Where what arrives is added to
        the potential itself, `current_decay` is 0, and `gain` 1.
    direct
        Of each receptor, whether what arrives is added to the potential itself.
    threshold
        Potential at which it fires; infinite if never.
    reset
        Potential after a spike; of a soft reset, what is subtracted.
    soft
        Whether the reset subtracts.
    includes
        Whether it fires at the threshold itself.
    refractory
        Steps.
    start
        Potential at t = 0.
    low
        Least potential; minus infinity if there is none.
    most
        Spikes in a step, at most: 1, or more where a spike carries how many it stands for.
    """

    decay: np.ndarray
    drift: np.ndarray
    gain: np.ndarray
    current_decay: np.ndarray
    direct: tuple[bool, ...]
    threshold: np.ndarray
    reset: np.ndarray
    soft: bool
    includes: bool
    refractory: np.ndarray
    start: np.ndarray
    low: np.ndarray
    most: np.ndarray


class _Step:
    """The step of a population as a function of states and arrivals."""

    def __init__(self, population: PopulationProgram) -> None:
        self.p = population
        self.n = population.size

    def sent(self, states: np.ndarray, arrivals: np.ndarray) -> np.ndarray:
        """What spikes carry (neurons), 0 where none is."""
        made, spike, emit = self._made(states, arrivals), self.p.code.spike, self.p.code.emit
        if spike is None or emit is None:
            return np.zeros(self.n)
        return np.where(made[spike], made[emit], 0.0) + np.zeros(self.n)

    def __call__(self, states: np.ndarray, arrivals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """New states (states, neurons), and who fires."""
        made = self._made(states, arrivals)
        new = np.stack([np.broadcast_to(made[s], self.n) for s in self.p.code.stores])
        spike = self.p.code.spike
        fires = np.zeros(self.n, bool) if spike is None else np.broadcast_to(made[spike], self.n)
        return new.astype(float), fires

    def _made(self, states: np.ndarray, arrivals: np.ndarray) -> Any:
        """All values of the step."""
        loads: dict[str, Any] = {
            "const": np.float64,
            "state": lambda data: states[data],
            "param": lambda data: np.asarray(self.p.values[data], float),
            "arrivals": lambda data: arrivals[data],
            "refractory": lambda _: np.zeros(self.n, bool),
        }
        return interpret(self.p.code, loads)


def identify(
    population: PopulationProgram, where: str, injected: bool = False, bounded: bool = False
) -> LinearNeuron:
    """Find out what a population's neurons do.

    Parameters
    ----------
    population
        As lowered in double precision.
    where
        For messages.
    injected
        Whether to leave out injected currents; else they are refused.
    bounded
        Whether potentials may have a lower bound; else it is refused.

    Raises
    ------
    ValidationError
        If it is no leaky integrate-and-fire neuron of one potential and decaying currents.
    """
    if population.is_restless:
        raise ValidationError(where, "draws random numbers or reads the time", "a fixed step")
    step, n = _Step(population), population.size
    names = list(population.states)
    if "v" not in names:
        raise ValidationError(where, "has no v", "a neuron with a membrane potential v")
    v, receptors = names.index("v"), len(population.receptors)
    base = np.stack([np.broadcast_to(np.asarray(x, float), n) for x in population.initial])
    nothing, start = np.zeros((max(receptors, 1), n)), base[v].copy()
    low = _least(step, base, nothing, v)
    if np.isfinite(low).any():
        if not bounded:
            raise ValidationError(where, "is kept from falling below a bound",
                                  "a potential without a lower bound",
                                  "Speck, ODIN and GenericChip have one")  # fmt: skip
        base[v] = _lifted(step, base, nothing, v, low)
    slopes = _slopes(step, base, nothing, where)
    arrives = _arriving(step, base, nothing, receptors, where)
    others = [k for k in range(len(names)) if k != v]
    decay = slopes[v, v]
    rest, _ = step(base, nothing)
    drift = rest[v] - decay * base[v] - sum(slopes[v, k] * base[k] for k in others)
    gain, late, direct, used = [], [], [], set()
    for r in range(receptors):
        hit = [k for k in range(len(names)) if np.any(arrives[r, k] != 0)]
        if hit == [v]:
            gain.append(arrives[r, v])
            late.append(np.zeros(n))
        elif len(hit) == 1 and _only_decays(slopes, hit[0], v):
            gain.append(slopes[v, hit[0]] * arrives[r, hit[0]])
            late.append(slopes[hit[0], hit[0]])
            used.add(hit[0])
        else:
            problem = f"receptor {population.receptors[r].name!r} is no decaying current"
            raise ValidationError(where, problem, "exponential currents, or delta synapses")
        direct.append(hit == [v])
    stray = [
        names[k]
        for k in others
        if k not in used and np.any(slopes[v, k] != 0) and not (injected and names[k] == INJECTED)
    ]
    if stray:
        raise ValidationError(where, f"its potential depends on {', '.join(stray)} too",
                              "one potential and the currents of its receptors")  # fmt: skip
    threshold, includes = _threshold(step, base, nothing, v, decay)
    free = {k: names[k] for k in others if k not in used}
    _check_memories(step, base, nothing, v, decay, threshold, free, where)
    one = np.ones(n)
    if population.emit_type == "none":
        reset, soft = _reset(step, base, nothing, v, decay, drift, threshold, where)
    else:
        one = _several(step, base, nothing, v, decay, threshold, where)
        reset, soft = threshold, True
    steps = 0 if population.n_ref is None else population.n_ref
    empty = np.zeros((0, n))
    return LinearNeuron(
        decay, drift, np.stack(gain) if gain else empty, np.stack(late) if late else empty,
        tuple(direct), threshold, reset, soft, includes,
        np.broadcast_to(np.asarray(steps, np.int64), n), start, low, one,
    )  # fmt: skip


def _least(step: _Step, base: np.ndarray, nothing: np.ndarray, v: int) -> np.ndarray:
    """The potential that neurons are at, however far below they were; minus infinity if none."""
    found, silent = [], np.ones(base.shape[1], bool)
    for by in (1e-3, -1e6, -2e6):
        moved = base.copy()
        moved[v] += by
        new, fires = step(moved, nothing)
        found.append(new[v])
        silent &= ~fires
    held = silent & (found[1] == found[2]) & (found[0] != found[1])
    return np.where(held, found[1], -np.inf)


def _lifted(
    step: _Step, base: np.ndarray, nothing: np.ndarray, v: int, low: np.ndarray
) -> np.ndarray:
    """Potentials a quarter of the way to where they fire, of those that begin at their bound."""
    high, still = base.copy(), base.copy()
    high[v] += 1e6
    if not step(high, nothing)[1].all():
        reach = np.ones_like(low)
    else:
        for _ in range(_HALVINGS):
            middle = still.copy()
            middle[v] = 0.5 * (still[v] + high[v])
            fires = step(middle, nothing)[1]
            high[v] = np.where(fires, middle[v], high[v])
            still[v] = np.where(fires, still[v], middle[v])
        reach = high[v] - base[v]
    near = step(base, nothing)[0][v] - low < 0.25 * reach
    return np.where(near, base[v] + 0.25 * reach, base[v])


def _slopes(step: _Step, base: np.ndarray, nothing: np.ndarray, where: str) -> np.ndarray:
    """d(new state)/d(old state), (to, from, neurons)."""
    old, made = step(base, nothing)[0], np.empty((len(base), len(base), base.shape[1]))
    for k in range(len(base)):
        found = []
        for by in (1e-3, -2e-3):
            moved = base.copy()
            moved[k] += by
            new, fires = step(moved, nothing)
            if fires.any():
                raise ValidationError(where, "fires as it starts", "a start below the threshold")
            found.append((new - old) / by)
        _check_straight(found, where)
        made[:, k] = found[1]
    return _clean(made)


def _arriving(
    step: _Step, base: np.ndarray, nothing: np.ndarray, receptors: int, where: str
) -> np.ndarray:
    """d(new state)/d(arrivals), (receptors, states, neurons)."""
    old = step(base, nothing)[0]
    made = np.zeros((receptors, len(base), base.shape[1]))
    for r in range(receptors):
        found = []
        for by in (1e-3, -2e-3):
            given = nothing.copy()
            given[r] = by
            found.append((step(base, given)[0] - old) / by)
        _check_straight(found, where)
        made[r] = found[1]
    return _clean(made)


def _clean(slopes: np.ndarray) -> np.ndarray:
    """Without what is but rounding: of whole numbers, 0 and 1 above all."""
    whole = np.rint(slopes)
    near = np.abs(slopes) < _STRAIGHT * 1e-1
    return np.where(near | (np.abs(slopes - whole) < _STRAIGHT * 1e-2), whole, slopes)


def _check_straight(found: list[np.ndarray], where: str) -> None:
    size = np.maximum(np.abs(found[0]), 1.0)
    if (np.abs(found[0] - found[1]) > 1e-8 * size).any():
        raise ValidationError(where, "is not linear below its threshold",
                              "a leaky integrate-and-fire neuron",
                              "programmable chips take other models, too")  # fmt: skip


def _only_decays(slopes: np.ndarray, k: int, v: int) -> bool:
    """Whether a state acts on itself and the potential alone, and nothing else on it."""
    others = [j for j in range(len(slopes)) if j != k]
    return not any(np.any(slopes[k, j] != 0) for j in others) and not any(
        np.any(slopes[j, k] != 0) for j in others if j != v
    )


def _threshold(
    step: _Step, base: np.ndarray, nothing: np.ndarray, v: int, decay: np.ndarray
) -> tuple[np.ndarray, bool]:
    """New potential at which neurons begin to fire, and whether they fire at it."""
    span = 1e6
    high = base.copy()
    high[v] += span
    if not step(high, nothing)[1].any():
        return np.full(base.shape[1], np.inf), False
    low = base.copy()
    for _ in range(_HALVINGS):
        middle = low.copy()
        middle[v] = 0.5 * (low[v] + high[v])
        fires = step(middle, nothing)[1]
        high[v] = np.where(fires, middle[v], high[v])
        low[v] = np.where(fires, low[v], middle[v])
    rest = step(base, nothing)[0][v]
    level = rest + decay * (high[v] - base[v])
    rounded = np.round(level, 9)
    level = np.where(
        np.abs(level - rounded) < 1e-9 * np.maximum(1.0, np.abs(level)), rounded, level
    )
    exact = base.copy()
    exact[v] = base[v] + (level - rest) / decay
    return level, bool(step(exact, nothing)[1].all())


def _check_memories(
    step: _Step,
    base: np.ndarray,
    nothing: np.ndarray,
    v: int,
    decay: np.ndarray,
    threshold: np.ndarray,
    free: dict[int, str],
    where: str,
) -> None:
    """Refuse variables that a spike changes, and that then change what the neuron does."""
    if not np.isfinite(threshold).all() or (decay == 0).any():
        return
    to_fire = base[v] + (threshold - step(base, nothing)[0][v]) / decay
    high = base.copy()
    high[v] = to_fire + 1.0 / decay
    spiked = step(high, nothing)[0]
    for k, name in free.items():
        for level in (0.0, 0.5, 0.999, 1.001):
            plain = base.copy()
            plain[v] = base[v] + level * (to_fire - base[v])
            moved = plain.copy()
            moved[k] = spiked[k]
            (a, fires), (b, then) = step(plain, nothing), step(moved, nothing)
            near = np.abs(a[v] - b[v]) <= 1e-9 * np.maximum(1.0, np.abs(a[v]))
            if not near.all() or (fires != then).any():
                raise ValidationError(where, f"remembers its spikes by {name}",
                                      "a potential and currents alone",
                                      "programmable chips take other models, too")  # fmt: skip


def _reset(
    step: _Step,
    base: np.ndarray,
    nothing: np.ndarray,
    v: int,
    decay: np.ndarray,
    drift: np.ndarray,
    threshold: np.ndarray,
    where: str,
) -> tuple[np.ndarray, bool]:
    """Potential after a spike, or what is subtracted."""
    if np.isinf(threshold).all():
        return np.zeros(base.shape[1]), False
    after, before = [], []
    for above in (1.0, 2.0):
        high = base.copy()
        unspiked = threshold + above
        high[v] = base[v] + (unspiked - step(base, nothing)[0][v]) / decay
        after.append(step(high, nothing)[0][v])
        before.append(unspiked)
    size = np.maximum(1.0, np.abs(after[0]))
    if (np.abs(after[1] - after[0]) < 1e-7 * size).all():
        return np.round(after[0], 9), False
    lost = [b - a for a, b in zip(after, before, strict=True)]
    if (np.abs(lost[1] - lost[0]) < 1e-7 * np.maximum(1.0, np.abs(lost[0]))).all():
        return np.round(lost[0], 9), True
    raise ValidationError(where, "its reset is neither to a value nor by one", "one of both")


def _several(
    step: _Step,
    base: np.ndarray,
    nothing: np.ndarray,
    v: int,
    decay: np.ndarray,
    threshold: np.ndarray,
    where: str,
) -> np.ndarray:
    """How many spikes one of a neuron may stand for, if it is as many as thresholds are reached."""
    rest, most = step(base, nothing)[0][v], np.zeros(len(threshold))
    for times in (1e6, 0.75, 1.25, 1.75, 2.25, 3.5):
        high = base.copy()
        high[v] = base[v] + (times * threshold - rest) / decay
        number = step.sent(high, nothing)
        most = number if times == 1e6 else most
        lost = times * threshold - step(high, nothing)[0][v]
        near = np.abs(lost - number * threshold) <= 1e-6 * np.maximum(1.0, np.abs(lost))
        if not near.all() or (number != np.minimum(np.floor(times), most)).any():
            raise ValidationError(where, "sends values that are no numbers of spikes",
                                  "as many spikes as thresholds are reached, each subtracted",
                                  "emit='clip(floor(v/theta), 0, 31)', reset alike")  # fmt: skip
    return most
