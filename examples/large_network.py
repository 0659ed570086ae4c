"""Ten million synapses stored, and the same ones computed at every spike: equal spikes."""

import spikestack as sp


def network(neurons: int = 20_000, in_degree: int = 500) -> sp.Network:
    """Excitation and inhibition in balance under a common drive."""
    net = sp.Network(seed=1)
    cell = sp.LIF.preset("brunel", v=sp.Uniform(0.0, 20.0))
    exc = net.add(sp.Population("exc", neurons * 4 // 5, cell))
    inh = net.add(sp.Population("inh", neurons // 5, cell))
    for target in (exc, inh):
        for source, share, weight in ((exc, 0.8, 0.2), (inh, 0.2, -1.0)):
            synapse = sp.Delta(weight=weight, delay=sp.Uniform(1.0, 5.0))
            net.connect(source, target, sp.FixedInDegree(round(share * in_degree)), synapse)
        net.drive(target, sp.Poisson(10_000.0, synapse=sp.Delta(weight=0.2)))
        net.record(target, "spikes")
    return net


if __name__ == "__main__":
    stored = network().run(50.0, profile=True)
    print(stored.report())
    computed = network().run(50.0, connectivity="procedural")
    print(computed.report())
    print("the same spikes:", stored.same_spikes(computed))
