# Everything a developer types. `make` alone lists it. Needs Python 3.11 or newer, and make.
# Windows without make: CONTRIBUTING.md has the same steps for PowerShell.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
# Wheels only: no code of a dependency runs while it is installed. Hashes: nothing but what was locked.
PIP_INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check
LOCKED := --require-hashes --only-binary :all:
# A release younger than a week has not been looked at by anyone: it is not locked.
# (An index that does not tell when a release was made needs LOCK_AGE= .)
LOCK_AGE ?= --exclude-newer "1 week"
UV_LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --only-binary :all: \
	--generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links $(LOCK_AGE)
# uv does not read pip's settings: where pip was given another index, resolve against that one.
UV_INDEX = index=$$($(BIN)/python -m pip config get global.index-url 2>/dev/null) && \
	export UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$$index}"

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test lint format bench chaos docs wheel lock upgrade clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- environment: two stamps, so that the demo need not wait for linters ---

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: PYTHON=/path/to/python3 make …" >&2; exit 2; }
	@echo "creating $(VENV) with $(PYTHON)" >&2
	@$(PYTHON) -m venv --clear $(VENV)

$(VENV)/.run: requirements.lock pyproject.toml | $(BIN)/python
	@echo "installing requirements.lock" >&2
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip --upgrade
	@$(PIP_INSTALL) $(LOCKED) -r requirements.lock
	@$(PIP_INSTALL) --no-deps --no-build-isolation --no-index --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	@echo "installing requirements-dev.lock" >&2
	@$(PIP_INSTALL) $(LOCKED) -r requirements-dev.lock
	@touch $@

$(VENV)/.docs: requirements-docs.lock $(VENV)/.run
	@echo "installing requirements-docs.lock" >&2
	@$(PIP_INSTALL) $(LOCKED) -r requirements-docs.lock
	@touch $@

setup: $(VENV)/.dev ## Create .venv from the hashed locks, and install this project into it

# --- what users and developers do ---

demo: $(VENV)/.run ## Import a catalog into a local Seller Center, show what happened, roll it back
	@$(BIN)/python sample_data/demo.py

test: $(VENV)/.dev ## Run the tests, as many files at once as there are cores; WORKERS=0 for one by one
	@$(BIN)/python -m pytest -n $(or $(WORKERS),auto) --dist loadfile $(PYTEST_ARGS)

lint: $(VENV)/.dev ## Style, types, and which way imports may run
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

format: $(VENV)/.dev ## Rewrite the code in the project's style
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(VENV)/.dev ## Measure speed and memory beside floors and peers; SIZE=10k, 100k or 1m rows
	@$(BIN)/python tests/bench/run.py --size $(or $(SIZE),100k) $(BENCH_ARGS)

chaos: $(VENV)/.dev ## All kill points and fault storms (long)
	@$(BIN)/python -m pytest -m chaos $(PYTEST_ARGS)

docs: $(VENV)/.docs ## Write the reference from the code, and build docs/ into site/; a broken link fails
	@$(BIN)/python docs/_tools/write.py
	@$(BIN)/python -m sphinx --quiet --fresh-env --fail-on-warning --keep-going -b html -c docs . site
	@echo "site/index.html"

wheel: $(VENV)/.dev ## Build sdist and wheel into dist/
	@rm -rf dist && $(BIN)/python -m hatchling build

# --- locks: nothing in them names the index they came from ---

lock: $(VENV)/.dev ## Resolve pyproject.toml again into the three locks, keeping what still fits
	@$(MAKE) --no-print-directory _locks

upgrade: $(VENV)/.dev ## The same, taking the newest releases that fit and are older than a week
	@$(MAKE) --no-print-directory _locks UPGRADE=--upgrade

.PHONY: _locks
_locks:
	@$(UV_INDEX); \
	$(UV_LOCK) $(UPGRADE) --group pyproject.toml:build pyproject.toml -o requirements.lock >/dev/null && \
	$(UV_LOCK) $(UPGRADE) --group pyproject.toml:build --group pyproject.toml:dev -c requirements.lock \
		pyproject.toml -o requirements-dev.lock >/dev/null && \
	$(UV_LOCK) $(UPGRADE) --group pyproject.toml:docs -c requirements.lock -c requirements-dev.lock \
		-o requirements-docs.lock >/dev/null

clean: ## Remove what was made here: .venv, caches, build products
	@rm -rf $(VENV) dist build site .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
