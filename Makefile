# Both `make demo` and `make test` set up what they need in .venv; no compiler is used.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-fast test-slow lint docs clean

demo: .venv/.demo
	$(BIN)/spikestack demo --out demo-report

test: lint test-fast

lint: .venv/.dev
	$(BIN)/ruff check src tests examples
	$(BIN)/ruff format --check src tests examples
	$(BIN)/lint-imports
	$(BIN)/mypy

test-fast: .venv/.dev
	$(BIN)/python -m pytest -n auto --dist loadfile

test-slow: .venv/.dev
	$(BIN)/python -m pytest -m slow -n auto --dist loadfile

docs: .venv/.dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.demo: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[demo]'
	touch $@

.venv/.dev: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[dev]'
	touch $@ .venv/.demo

clean:
	rm -rf .venv build dist *.egg-info src/*.egg-info demo-report site .docs-cache
