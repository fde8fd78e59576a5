PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
HOST   ?= 127.0.0.1
PORT   ?= 8000

.DEFAULT_GOAL := help
.PHONY: help install run test test-slow test-full bench lint pin

help:  ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

install: $(VENV)/.installed  ## build .venv with everything

run: install  ## train on data/sample if there is no bundle yet, then serve the page
	$(BIN)/matching bundles list bundles --has-promoted >/dev/null 2>&1 || $(BIN)/matching train data/sample --out bundles
	$(BIN)/matching serve bundles --host $(HOST) --port $(PORT)

test: install  ## the test suite without what is rare and slow
	$(BIN)/pytest -q -n auto --dist loadfile --no-loadscope-reorder -m 'not slow'

test-slow: install  ## what is rare and slow alone: large counts, unusual states
	$(BIN)/pytest -q -m slow

test-full: install  ## the whole test suite
	$(BIN)/pytest -q -rs

bench: install  ## what a match costs beside its raw work and the plain pipeline, two minutes
	$(BIN)/python benchmarks/match.py

lint: install  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

pin: install  ## write the versions that are installed now to constraints.txt
	$(BIN)/pip freeze --exclude-editable | sed 's/ @ .*//' | LC_ALL=C sort -f > constraints.txt
