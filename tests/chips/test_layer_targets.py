"""Published totals of NorthPole beside the model: target R9."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
BENCHMARK = runpy.run_path(str(FOLDER / "chips_layers.py"))


def test_every_row_that_the_model_gives_is_in_its_band() -> None:
    rows = BENCHMARK["rows"]()
    modelled = [row for row in rows if row["found"] is not None]
    assert len(modelled) == 8
    assert all(row["ok"] for row in modelled), [row for row in modelled if not row["ok"]]
    assert all(row["ok"] is None for row in rows if row["found"] is None)


def test_the_rack_is_its_cards() -> None:
    assert BENCHMARK["rack_clock"]()["found"] == pytest.approx(380.8, abs=0.1)
    assert BENCHMARK["rack_operations"]()["found"] == pytest.approx(115.0, rel=0.01)


def test_layers_of_resnet_are_as_many_products_and_weights_as_known() -> None:
    """4.1e9 products and 25.5 million weights."""
    layers = BENCHMARK["resnet"]()
    assert sum(layer.macs for layer in layers) == pytest.approx(4.1e9, rel=0.01)
    stored = sum(layer.weights * layer.channels for layer in layers)
    assert stored == pytest.approx(25.5e6, rel=0.01)
    assert len(layers) == 54


def test_a_product_as_one_operation_is_what_the_published_rate_needs() -> None:
    one, two = (BENCHMARK["resnet_rate"](n)["found"] for n in (1, 2))
    assert two < BENCHMARK["RESNET_RATE"] < one
