"""Five neurons that stay silent, and why; then with a drive that makes them fire.

A favourite first exercise: five leaky neurons (tau 10 ms, threshold -50 mV, reset and rest at
-65 mV), each pair connected with probability 0.3, spikes worth 1 mV, explicit Euler at 0.1 ms for
100 ms, all potentials recorded. As it is usually published it is silent: every neuron starts at
its rest, 15 mV under the threshold, and nothing ever moves it, for without a first spike the
connections have nothing to carry. Even if one neuron were made to fire, 1 mV from each of its one
or two inputs could not lift another by 15 mV. What is missing is a drive: a current that would
take the potential to -45 mV, 5 mV above the threshold, makes every neuron fire at regular
intervals of 10 ms * ln(20/5), about 14 ms, a little sooner after each input.
"""

from __future__ import annotations

import spikestack as sp


def network(drive: float = 0.0, seed: int = 42) -> sp.Network:
    """The five neurons; `drive` (mV) shifts the potential towards which they relax."""
    cell = sp.NeuronModel(
        "dv/dt = (v_rest + drive - v)/tau : mV",
        threshold="v > v_thresh",
        reset="v = v_rest",
        parameters={"v_rest": "-65 mV", "drive": "0 mV", "tau": "10 ms", "v_thresh": "-50 mV"},
        initial={"v": "v_rest"},
        method="euler",
        drive=drive,
        name="Leaky",
    )
    net = sp.Network(seed=seed)
    five = net.add(sp.Population("five", 5, cell))
    rule = sp.FixedProbability(0.3, autapses=False)
    net.connect(five, five, rule, sp.Delta(weight=1.0, delay=0.1))
    net.record(five, "spikes", "v")
    return net


if __name__ == "__main__":
    for drive in (0.0, 20.0):
        result = network(drive).run(100.0, dt=0.1)
        print(f"drive {drive:g} mV: {len(result['five'])} spikes")
        result.plot().savefig(f"five-neurons-{drive:g}.png")
