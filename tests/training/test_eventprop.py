"""EventProp: exact spikes, exact gradients of weights and delays, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import spikestack as sp

torch = pytest.importorskip("torch", reason="the extra train is not installed")

from spikestack.training.rules import EventProp  # noqa: E402
from spikestack.training.rules.event_kernels import crossing, response  # noqa: E402

TIMES = np.random.default_rng(1).uniform(0, 15, (4, 3, 5))
CLASSES = np.array([0, 1, 2, 0])


def lif(**values: Any) -> sp.LIF:
    return sp.LIF(**{"v_rest": -65.0, "v_thresh": -64.0, "tau_refrac": 0.0, **values})


def readout() -> sp.NeuronModel:
    return sp.NeuronModel(
        "dv/dt = -v/tau_m + i_syn/cm : mV", parameters=dict(tau_m="20 ms", cm="1 nF")
    )


def network(end: sp.NeuronModel, recurrent: bool, drive: sp.SpikeTrains | None = None,
            tau_end: float = 7.0) -> sp.Network:  # fmt: skip
    rng = np.random.default_rng(0)

    def through(n: int, m: int, mean: float, spread: float, **more: Any) -> tuple[Any, Any]:
        synapse = sp.ExponentialCurrent(weight=rng.normal(mean, spread, (n, m)), **more)
        return sp.Dense(np.ones((n, m))), synapse

    net = sp.Network(seed=1)
    a = net.add(sp.Population("a", 3, sp.SpikeSource()))
    h = net.add(sp.Population("h", 5, lif()))
    o = net.add(sp.Population("o", 3, end))
    net.drive(a, drive or sp.ExternalSpikes(weight=1.0))
    net.connect(a, h, *through(3, 5, 0.08, 0.03, delay=1.0, tau_syn=5.0), name="ah")
    if recurrent:
        delays = rng.uniform(1.0, 4.0, (5, 5)).round(2)
        net.connect(h, h, *through(5, 5, 0.01, 0.03, delay=delays, tau_syn=5.0), name="hh")
    net.connect(h, o, *through(5, 3, 0.1, 0.05, delay=1.5, tau_syn=tau_end), name="ho")
    return net


def numerical(rule: EventProp, value: Any, k: int) -> float:
    """Central difference of the loss."""
    flat, found = value.data.reshape(-1), []
    old = float(flat[k])
    for way in (1e-5, -1e-5):
        flat[k] = old + way
        answers = rule.answers(TIMES)
        found.append(float(torch.nn.functional.cross_entropy(answers, torch.tensor(CLASSES))))
    flat[k] = old
    return (found[0] - found[1]) / 2e-5


@pytest.mark.parametrize("recurrent", [False, True], ids=["forward", "recurrent"])
@pytest.mark.parametrize("tau_end", [7.0, 20.0], ids=["", "equal-taus"])
@pytest.mark.parametrize("loss", ["membrane", "first spike"])
def test_gradients_are_those_of_finite_differences(
    loss: str, tau_end: float, recurrent: bool
) -> None:
    net = network(readout() if loss == "membrane" else lif(), recurrent, tau_end=tau_end)
    module = net.compile("torch", dt=0.1, precision="float64")
    names = [link.name for link in module.links]
    rule = EventProp(module, 40.0, loss=loss, learn_delays=names)
    rule.gradients(TIMES, CLASSES)
    assert sum(len(t) for t, _ in rule.spikes("h")) > 20
    for name in names:
        for parameter in (module.weights[name], rule.delays[name]):
            grad = parameter.grad.reshape(-1).numpy()
            found = np.array([numerical(rule, parameter, k) for k in range(len(grad))])
            assert np.abs(found).max() > 1e-5
            assert np.abs(grad - found).max() <= 1e-5 * np.abs(found).max(), name


def test_gradients_through_layers_without_delay() -> None:
    """A spike acts on the next layer at its own time."""
    rng, net = np.random.default_rng(7), sp.Network(seed=1)
    layers = [net.add(sp.Population("a", 3, sp.SpikeSource()))]
    net.drive(layers[0], sp.ExternalSpikes(weight=1.0))
    for name, size, cell in (("h", 5, lif()), ("g", 4, lif()), ("o", 3, readout())):
        layers.append(net.add(sp.Population(name, size, cell)))
        before = layers[-2]
        synapse = sp.ExponentialCurrent(weight=rng.normal(0.08, 0.03, (before.size, size)), delay=0)
        net.connect(before, layers[-1], sp.Dense(np.ones((before.size, size))), synapse)
    module = net.compile("torch", dt=0.1, precision="float64")
    rule = EventProp(module, 40.0)
    rule.gradients(TIMES, CLASSES)
    assert min(sum(len(t) for t, _ in rule.spikes(name)) for name in "hg") > 20
    for parameter in module.weights.values():
        grad = parameter.grad.reshape(-1).numpy()
        found = np.array([numerical(rule, parameter, k) for k in range(len(grad))])
        assert np.abs(grad - found).max() <= 1e-5 * np.abs(found).max() > 0


@pytest.mark.parametrize("recurrent", [False, True], ids=["forward", "recurrent"])
def test_spikes_are_the_limit_of_small_steps(recurrent: bool) -> None:
    """A first spike comes within a step; the rest are as late as their causes, ten times less so
    with a tenth of the step."""
    inputs = TIMES[:1].round(2)
    module = network(lif(), recurrent).compile("torch", dt=0.1)
    ((exact, ids),) = EventProp(module, 40.0, loss="first spike").run(inputs)
    late = []
    for dt in (0.01, 0.001):
        drive = sp.SpikeTrains(list(inputs[0]), weight=1.0)
        given = network(lif(), recurrent, drive)
        for name in ("h", "o"):
            given.record(given[name], "spikes")
        result = given.run(40.0, dt=dt, precision="float64")
        late.append(0.0)
        for n in range(8):
            record = result["h" if n < 5 else "o"]
            mine = np.sort(record.times[record.ids == n % 5])
            half = (ids == n).sum() // 2
            assert abs(len(mine) - (ids == n).sum()) <= 1 <= half
            apart = mine[:half] - exact[ids == n][:half]
            late[-1] = max(late[-1], np.abs(apart).max())
            if n < 5 and mine[0] == result["h"].times.min():
                assert 0 <= apart[0] <= dt
    assert late[1] < 0.2 * late[0] and late[1] < 0.1


def test_crossing_is_where_the_threshold_is() -> None:
    rng = np.random.default_rng(2)
    for _ in range(500):
        tau_m, tau_s = rng.uniform(2, 30, 2)
        tau_s = tau_m * (1 + 1e-9) if rng.random() < 0.3 else tau_s
        v, i = rng.normal(0, 1), rng.normal(0.2, 0.3)
        t = crossing(v, i, 1.0, 50.0, tau_m, tau_s, 1.0)
        grid = np.linspace(0, 50, 20_001)
        k = np.array([response(x, tau_m, tau_s, 1.0) for x in grid[::40]])
        path = v * np.exp(-grid[::40] / tau_m) + i * k
        if v >= 1.0:
            assert t in (0.0, np.inf)
        elif np.isfinite(t):
            level = v * np.exp(-t / tau_m) + i * response(t, tau_m, tau_s, 1.0)
            assert abs(level - 1.0) < 1e-13 and (path[grid[::40] < t - 1e-9] < 1.0).all()
        else:
            assert (path < 1.0).all()


def test_threads_and_batches_change_nothing() -> None:
    found = []
    times = np.random.default_rng(3).uniform(0, 15, (20, 3, 5))
    for threads in (1, 2):
        torch.set_num_threads(threads)
        module = network(readout(), True).compile("torch", dt=0.1)
        EventProp(module, 40.0).gradients(times, np.arange(20) % 3)
        found.append([p.grad.clone() for p in module.parameters()])
    torch.set_num_threads(1)
    assert all(torch.equal(a, b) for a, b in zip(*found))


@pytest.mark.parametrize("loss", ["membrane", "first spike", "counts"])
def test_it_learns(loss: str) -> None:
    """Three latency patterns are told apart after 150 steps."""
    torch.manual_seed(0)
    net = network(readout() if loss == "membrane" else lif(), False)
    module = net.compile("torch", dt=0.1)
    rule = EventProp(module, 40.0, loss=loss, rates=(1.0, 50.0, 0.01))
    optimiser = torch.optim.Adam(module.parameters(), lr=5e-3)
    times = np.array([[1.0, 6, 11], [11.0, 1, 6], [6.0, 11, 1]])[:, :, None] + np.arange(3) * 0.5
    losses = []
    for _ in range(150):
        optimiser.zero_grad()
        losses.append(rule.gradients(times, [0, 1, 2]))
        optimiser.step()
    assert losses[-1] < 0.7 * losses[0]
    if loss != "counts":  # whose gradient is not exact
        assert rule.outputs.argmax(1).tolist() == [0, 1, 2]


def test_a_silent_network_has_no_gradient_and_no_error() -> None:
    module = network(readout(), False).compile("torch", dt=0.1)
    loss = EventProp(module, 40.0).gradients(np.full((2, 3), np.inf), [0, 1])
    assert np.isclose(loss, np.log(3))
    assert all((p.grad == 0).all() for p in module.parameters())


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (lambda: lif(tau_refrac=2.0), "refractory for 2"),
        (lambda: lif(v_reset=-66.0), "reset"),
        (sp.AdEx, "AdEx"),
        (lambda: lif(tau_m=np.array([10.0, 20.0, 30.0])), "differs between neurons"),
        (lambda: lif(v=-64.5), "starts at"),
    ],
)
def test_other_neurons_are_refused_by_name(model: Any, says: str) -> None:
    module = network(model(), False).compile("torch", dt=0.1)
    with pytest.raises(sp.errors.ValidationError, match=f"'o'.*{says}"):
        EventProp(module, 40.0, loss="first spike")


def test_bad_input_is_refused() -> None:
    module = network(readout(), False).compile("torch", dt=0.1)
    rule = EventProp(module, 40.0)
    for bad, says in ((TIMES[:, :2], "shape"), (-TIMES, "or later")):
        with pytest.raises(sp.errors.ValidationError, match=says):
            rule.gradients(bad, CLASSES)
    with pytest.raises(sp.errors.ValidationError, match="'o'; one that fires"):
        EventProp(module, 40.0, loss="counts")
    with pytest.raises(sp.errors.ValidationError, match="above 0 ms"):
        EventProp(module, 0.0)
