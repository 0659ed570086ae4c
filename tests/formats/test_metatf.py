"""Akida models: every layer equal to akida's own software; refusals; damaged files."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spikestack as sp
from spikestack.chips.running import MappedSimulation
from spikestack.docs.running import run_page
from spikestack.errors import FileFormatError, MissingExtraError, ValidationError
from spikestack.formats import metatf
from spikestack.formats.metatf.building import network_of_layers
from spikestack.formats.metatf.layers import layers_of

TRACES = Path(__file__).parent.parent / "vectors" / "chips"


def plain_of(data: dict[str, np.ndarray], bits: int) -> list[dict[str, Any]]:
    """The five layers of a golden trace, as `opening.plain` gives them."""

    def layer(name: str, kind: str, reads: Any, sends: Any, **more: Any) -> dict[str, Any]:
        arrays = {n.removeprefix(f"{name}."): a for n, a in data.items() if n.startswith(name)}
        if kind != "FullyConnected":
            more = {"kernel_width": 3, "kernel_height": 3, "stride_x": 1, "stride_y": 1,
                    "padding": "Same", "pool_type": "NoPooling"} | more  # fmt: skip
        common = {"activation": 1, "act_bits": bits, "weights_bits": 4}
        return {"name": name, "type": kind, "settings": common | more, "reads": reads,
                "sends": sends, "inputs": [], "arrays": arrays}  # fmt: skip

    halved = {"pool_type": "Max", "pooling_width": 2, "pooling_height": 2,
              "pooling_stride_x": 2, "pooling_stride_y": 2}  # fmt: skip
    made = [
        layer("c1", "InputConvolutional", [16, 16, 3], [8, 8, 8], padding_value=0, **halved),
        layer("c2", "Convolutional", [8, 8, 8], [8, 8, 16]),
        layer("s3", "SeparableConvolutional", [8, 8, 16], [4, 4, 16], **halved),
        layer("f4", "FullyConnected", [4, 4, 16], [1, 1, 32]),
        layer("f5", "FullyConnected", [1, 1, 32], [1, 1, 10], activation=0),
    ]
    for before, after in pairwise(made):
        after["inputs"] = [before["name"]]
    return made


@pytest.mark.parametrize("seed", [1])
def test_a_golden_trace_without_akida(seed: int) -> None:
    with np.load(TRACES / f"akida_v1_s{seed}.npz") as file:
        data = {name: file[name] for name in file.files}
    bits = int(np.random.default_rng(seed).choice([1, 2, 4]))
    net = network_of_layers(layers_of(plain_of(data, bits), "golden"), 0)
    assert np.array_equal(metatf.run(net, data["x"])["f5"], data["y"])


def _filled(akida: Any, model: Any, rng: np.random.Generator) -> Any:
    for layer in model.layers:
        for name in layer.variables.names:
            shape = layer.get_variable(name).shape
            if name.startswith("weights"):
                most = {1: 1, 2: 1, 4: 7, 8: 127}[layer.parameters.weights_bits]
                least = 0 if layer.parameters.weights_bits == 1 else -most
                drawn = rng.integers(least, most + 1, shape).astype(np.int8)
                layer.set_variable(name, drawn)
            elif name == "threshold":
                layer.set_variable(name, rng.integers(-40, 60, shape).astype(np.int32))
            elif name == "act_step":
                layer.set_variable(name, rng.uniform(0.07, 12.0, shape).astype(np.float32))
    return model


def _drawn(akida: Any, rng: np.random.Generator) -> tuple[Any, np.ndarray]:
    """A random model of Akida 1.0, and images for it."""
    pick = lambda *of: of[rng.integers(len(of))]  # noqa: E731
    padding, pools = (akida.Padding.Same, akida.Padding.Valid), (None, "max", "max", "mean")

    def geometry(smallest: int, pool: str | None) -> dict[str, Any]:
        kernel = pick((3, 3), (1, 1), (5, 3), (3, 1)) if smallest >= 5 else (1, 1)
        made: dict[str, Any] = {"kernel_size": kernel, "padding": pick(*padding)}
        if kernel == (3, 3):
            made["kernel_stride"] = pick((1, 1), (2, 2), (2, 1))
        if pool == "max" and smallest >= 8:
            window = pick((2, 2), (3, 3), (2, 1), (1, 3))
            stride = tuple(int(rng.integers(1, w + 1)) for w in window)
            made |= {"pool_type": akida.PoolType.Max, "pool_size": window, "pool_stride": stride}
        elif pool == "mean":
            made["pool_type"] = akida.PoolType.Average
        return made

    model = akida.Model()
    shape = (int(rng.integers(5, 14)), int(rng.integers(5, 14)))
    most = 255
    if pick(True, False):
        shape = (*shape, int(pick(1, 3)))
        model.add(
            akida.InputConvolutional(
                shape, filters=4, weights_bits=8, act_bits=int(pick(1, 2, 4)),
                padding_value=int(pick(0, 0, 19, 128)),
                **geometry(min(shape[:2]), pick(*pools[:3])),
            )
        )  # fmt: skip
    else:
        bits = int(pick(1, 2, 4))
        shape, most = (*shape, 3), 2**bits - 1
        model.add(akida.InputData(shape, input_bits=bits))
    for k in range(int(rng.integers(0, 3))):
        side, pool = min(model.output_shape[:2]), pools[int(rng.integers(3 + (k == 1)))]
        kind = pick(akida.Convolutional, akida.SeparableConvolutional)
        bits = int(pick(1, 2, 4))
        made = kind(filters=5, weights_bits=bits, act_bits=int(pick(1, 2, 4)),
                    **geometry(side, pool))  # fmt: skip
        model.add(made)
    model.add(akida.FullyConnected(6, weights_bits=int(pick(1, 2, 4)), act_bits=int(pick(1, 2, 4))))
    model.add(akida.FullyConnected(5, weights_bits=4, activation=bool(pick(True, False))))
    images = rng.integers(0, most + 1, (3, *shape)).astype(np.uint8)
    return _filled(akida, model, rng), images


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_every_layer_of_random_models_is_equal(seed: int) -> None:
    akida = pytest.importorskip("akida", reason="the extra akida is not installed")
    model, images = _drawn(akida, np.random.default_rng(seed))
    for layer in metatf.compare(model, images):
        assert layer.values > 0
        assert layer.different == 0, layer


def small(akida: Any, seed: int = 3) -> Any:
    """Weights that the chip has: 8 bits first, 2 of convolutions, 4 of full connections."""
    model = akida.Model()
    model.add(
        akida.InputConvolutional((8, 8, 1), (3, 3), 4, name="first", weights_bits=8, act_bits=4,
                                 pool_type=akida.PoolType.Max, pool_size=(2, 2))
    )  # fmt: skip
    model.add(akida.Convolutional((3, 3), 5, name="second", weights_bits=2, act_bits=2))
    model.add(akida.FullyConnected(3, name="out", weights_bits=4, activation=False))
    return _filled(akida, model, np.random.default_rng(seed))


def test_on_the_chip(tmp_path: Path) -> None:
    """Read from a file, mapped to processors, the answers are akida's."""
    akida = pytest.importorskip("akida", reason="the extra akida is not installed")
    model = small(akida)
    model.save(str(tmp_path / "small.fbz"))
    net = metatf.read(tmp_path / "small.fbz")
    images = np.random.default_rng(1).integers(0, 256, (4, 8, 8, 1)).astype(np.uint8)
    chip = sp.chips.Akida()
    found = chip.infer(chip.map(net), metatf.samples(images), progress=False)
    assert np.array_equal(found.answers, model.forward(images)[:, 0, 0])
    assert [p.size for p in net.populations.values()] == [64, 64, 80, 3]


def test_a_layer_that_has_learned() -> None:
    akida = pytest.importorskip("akida", reason="the extra akida is not installed")
    rng, model = np.random.default_rng(2), akida.Model()
    model.add(akida.InputData((1, 1, 40), input_bits=1))
    model.add(akida.FullyConnected(6, name="edge", weights_bits=1, activation=False))
    model.compile(akida.AkidaUnsupervised(num_weights=8, num_classes=3))
    seen = (rng.random((60, 1, 1, 40)) < 0.3).astype(np.uint8)
    model.fit(seen, rng.integers(0, 3, 60).astype(np.int32))
    (layer,) = metatf.compare(model, seen)
    assert (layer.layer, layer.different) == ("edge", 0)


def _drawn_second(akida: Any, rng: np.random.Generator) -> tuple[Any, np.ndarray]:
    """A random model of Akida 2.0, and images for it."""
    pick = lambda *of: of[rng.integers(len(of))]  # noqa: E731
    padding = (akida.Padding.Same, akida.Padding.Valid)
    shape = (int(rng.integers(5, 12)), int(rng.integers(5, 12)), int(pick(1, 3)))
    model = akida.Model()
    model.add(akida.InputConv2D(shape, 4, 3, kernel_stride=int(pick(1, 2)), padding=pick(*padding)))
    for _ in range(int(rng.integers(0, 3))):
        wide = min(model.output_shape[:2]) >= 3
        if wide and pick(True, False):
            model.add(akida.DepthwiseConv2D(3))
        else:
            stride = int(pick(1, 2)) if wide else 1
            model.add(
                akida.Conv2D(5, 3 if wide else 1, kernel_stride=stride, padding=pick(*padding))
            )
    kinds = akida.ActivationType
    model.add(akida.Dense1D(6, activation=pick(kinds.ReLU, kinds.NoActivation)))
    ranges = {
        "weights": (-127, 128), "bias": (-127, 128), "bias_shift": (0, 6), "max_value": (90, 128),
        "max_value_shift": (11, 14), "input_shift": (0, 2), "output_scales": (100, 255),
        "output_shift": (-18, -9), "padding_value": (0, 255),
    }  # fmt: skip
    for layer in model.layers:
        for name in layer.variables.names:
            held = layer.get_variable(name)
            layer.set_variable(name, rng.integers(*ranges[name], held.shape).astype(held.dtype))
    return model, rng.integers(0, 256, (4, *shape)).astype(np.uint8)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_every_layer_of_random_models_of_akida_2_is_equal(seed: int) -> None:
    akida = pytest.importorskip("akida", reason="the extra akida is not installed")
    model, images = _drawn_second(akida, np.random.default_rng(seed))
    try:
        found = metatf.compare(model, images)
    except ValidationError as error:
        assert "never send anything" in str(error)
        return
    for layer in found:
        assert layer.different == 0, layer


def test_akida_2_on_the_chip() -> None:
    akida = pytest.importorskip("akida", reason="the extra akida is not installed")
    model, images = _drawn_second(akida, np.random.default_rng(3))
    for layer in model.layers[1:]:
        shift = layer.get_variable("input_shift")
        layer.set_variable("input_shift", np.zeros_like(shift))
    net = metatf.read(model)
    readout = list(net.populations)[-1]
    wanted = metatf.run(net, images)[readout]
    simulation = MappedSimulation(sp.chips.Akida2().map(net))
    for image, answer in zip(metatf.samples(images), wanted, strict=True):
        simulation.again()
        (at,) = np.nonzero(image[0])
        simulation.inject("events", times=np.ones(len(at)), ids=at, counts=image[0, at])
        simulation.forward(1, progress=False)
        spikes = simulation.result()[readout]
        found = np.zeros(answer.size, np.int64)
        found[spikes.ids] = spikes.values
        assert np.array_equal(found, answer.ravel())


def test_other_layers_are_refused_together() -> None:
    akida = pytest.importorskip("akida", reason="the extra akida is not installed")
    model = akida.Model()
    model.add(akida.InputConv2D((8, 8, 3), 4, 3, name="image", pool_type=akida.PoolType.Max,
                                pool_size=2, pool_stride=2))  # fmt: skip
    model.add(akida.Conv2DTranspose(4, 3, name="maps"))
    model.add(akida.Dense1D(3, name="answers", output_bits=4))
    with pytest.raises(ValidationError) as told:
        metatf.read(model)
    for name in ("'image' pools", "'maps' is of Conv2DTranspose", "'answers' sends 4 bits"):
        assert name in str(told.value)
    model = akida.Model()
    model.add(akida.InputData((8, 8, 2), input_bits=4))
    model.add(akida.Convolutional((3, 3), 4, name="upper", padding=akida.Padding.SameUpper,
                                  pool_size=(2, 2), pool_type=akida.PoolType.Max,
                                  activation=False))  # fmt: skip
    with pytest.raises(ValidationError, match=r"SameUpper.*max pooling without activation"):
        metatf.read(model)
    with pytest.raises(ValidationError, match=r"a path or an akida\.Model"):
        metatf.read(3)


def test_damaged_files(tmp_path: Path) -> None:
    akida = pytest.importorskip("akida", reason="the extra akida is not installed")
    small(akida).save(str(tmp_path / "small.fbz"))
    whole = (tmp_path / "small.fbz").read_bytes()
    flipped = bytearray(whole)
    for at in range(30, len(whole), 97):
        flipped[at] ^= 0x55
    damaged = (b"hello" * 30, whole[: len(whole) // 3], whole[:-5], bytes(flipped))
    for k, given_bytes in enumerate(damaged):
        path = tmp_path / f"{k}.fbz"
        path.write_bytes(given_bytes)
        with pytest.raises(FileFormatError, match=path.name):
            metatf.read(path)
    with pytest.raises(FileNotFoundError):
        metatf.read(tmp_path / "none.fbz")


def test_images_that_do_not_fit() -> None:
    with np.load(TRACES / "akida_v1_s1.npz") as file:
        data = {name: file[name] for name in file.files}
    net = network_of_layers(layers_of(plain_of(data, 4), "golden"), 0)
    for wrong in (np.zeros((2, 16, 16, 3)), np.zeros((2, 8, 8, 3), np.uint8), np.zeros(4, np.uint8),
                  np.full((1, 16, 16, 3), 300), np.full((1, 16, 16, 3), -1)):  # fmt: skip
        with pytest.raises(ValidationError, match="images"):
            metatf.run(net, wrong)


def test_the_page() -> None:
    pytest.importorskip("akida", reason="the extra akida is not installed")
    page = Path(__file__).resolve().parents[2] / "docs" / "from_metatf.md"
    assert not run_page(page).differences


def test_without_akida(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "akida", None)
    with pytest.raises(MissingExtraError, match=r"spikestack\[akida\]"):
        metatf.read("model.fbz")
