"""A pole balanced by spikes: a spiking network in a closed loop with CartPole-v1.

Four observations become currents into eight cells, one for each sign of each; two populations, left
and right, add them up, inhibit each other, and the one that spikes more pushes. The weights are set
by hand. Needs gymnasium: pip install 'spikestack[gym]'.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

import spikestack as sp
from spikestack.errors import MissingExtraError

#: How strongly position, speed, angle and angular speed speak for pushing to the right.
SAYS_RIGHT = np.array([0.1, 0.3, 1.0, 0.6])
#: nA for one unit of each observation (m, m/s, rad, rad/s).
CURRENT = np.array([1.0, 1.0, 10.0, 3.0])
TICK = 20.0  # ms, the environment's own step
SEEDS = range(20)


def controller() -> sp.Network:
    """Eight groups of ten sensory cells, and twenty motor cells for each direction."""
    net = sp.Network(seed=1)
    cell = sp.LIF(tau_m=10.0, tau_refrac=1.0)
    sense = net.add(sp.Population("sense", 80, cell))
    net.drive(sense, sp.ExternalCurrent(), name="observation")
    net.drive(sense, sp.Poisson(2000.0, weight=0.25))
    motors = {name: net.add(sp.Population(name, 20, cell)) for name in ("left", "right")}
    for group in range(8):
        observed, negative = divmod(group, 2)
        for name, motor in motors.items():
            if (name == "left") == bool(negative):
                weight = 0.5 * float(SAYS_RIGHT[observed])
                synapse = sp.ExponentialCurrent(weight=weight, delay=0.5)
                cells = sense[10 * group : 10 * group + 10]
                net.connect(cells, motor, sp.AllToAll(), synapse, name=f"{group}->{name}")
    for one, other in (("left", "right"), ("right", "left")):
        inhibition = sp.ExponentialCurrent(weight=-0.2, delay=0.5)
        net.connect(motors[one], motors[other], sp.AllToAll(), inhibition)
        net.record(motors[one], "spikes")
    return net


def encode(observation: Any) -> np.ndarray:
    """Currents (nA) of the eighty sensory cells: positive and negative parts, ten cells each."""
    drive = np.asarray(observation) * CURRENT
    parts = np.stack([np.maximum(drive, 0), np.maximum(-drive, 0)], axis=1)
    return np.repeat(np.minimum(parts.ravel(), 5.0), 10)


def episode(env: Any, session: sp.Simulation | None, seed: int) -> int:
    """How many steps the pole stays up, pushed by spikes, or at random without a session."""
    observation, _ = env.reset(seed=seed)
    rng = np.random.default_rng(seed)
    action, count, fallen = 0, 0, False
    while count < 500 and not fallen:
        if session is None:
            action = int(rng.integers(2))
        else:
            session.set("observation", encode(observation))
            session.advance(TICK)
            spikes = session.drain()
            left, right = len(spikes["left"]), len(spikes["right"])
            action = int(right > left) if right != left else action
        observation, _, fallen, _, _ = env.step(action)
        count += 1
    return count


def main() -> None:
    """Twenty episodes of each."""
    try:
        import gymnasium
    except ImportError as error:
        raise MissingExtraError("this example", "gym") from error
    env = gymnasium.make("CartPole-v1")
    session = sp.Simulation(controller())
    for name, player in (("spikes", session), ("random", None)):
        lengths = [episode(env, player, seed) for seed in SEEDS]
        mean, least = np.mean(lengths), min(lengths)
        print(f"{name}: {mean:.0f} steps on average, {least} at least: {lengths}")


if __name__ == "__main__":
    try:
        main()
    except MissingExtraError as error:
        print(error)
        sys.exit(0)
