# Everything a developer does has a target here; CI calls the same ones.
# The two that matter: `make run` serves the product, `make test` proves it.

# The first Python that is new enough and really runs (a version manager's shim may stand in the path without one).
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
WEBUI_SOURCES := $(shell find webui/src webui/public webui/index.html webui/*.json webui/*.ts -type f 2>/dev/null)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Where no NVIDIA driver answers, the CPU build named here; set TORCH to choose another.
TORCH ?= $(if $(shell command -v nvidia-smi),torch>=2.6,torch==2.13.0)

.PHONY: run test cluster-demo setup setup-dev browser cluster lint format types schemas unit docs clean

run: setup ## set up everything and serve the product with the demo brain
	@exec $(BIN)/brodmann up --demo

test: setup-dev browser cluster lint ## set up everything and pass the tests
	cd webui && npm test --silent
	$(BIN)/python -m pytest

cluster-demo: setup cluster ## sshd, a Slurm of two nodes and the product before them, all on this machine; Ctrl-C ends everything
	@exec $(BIN)/brodmann cluster demo

setup: $(VENV)/.ready webui/dist/index.html

setup-dev: setup $(VENV)/.ready-dev

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Brodmann needs Python 3.11 or newer; install it, or name it: make PYTHON=..." >&2; exit 1; }
	@echo "[1/4] virtual environment"
	$(PYTHON) -m venv $(VENV)

$(VENV)/.torch: | $(VENV)/bin/python
	@echo "[2/4] PyTorch ($(TORCH))"
	$(BIN)/python -m pip install --quiet "$(TORCH)"
	@touch $@

$(VENV)/.ready: pyproject.toml $(VENV)/.torch
	@echo "[3/4] Python packages and the brodmann command"
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.ready-dev: pyproject.toml $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --editable '.[dev,mongo-test]'
	@touch $@

webui/node_modules/.ready: webui/package.json webui/package-lock.json
	@echo "[4/4] web interface"
	cd webui && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

webui/dist/index.html: webui/node_modules/.ready $(WEBUI_SOURCES)
	cd webui && npm run --silent build
	@touch $@

browser: ## Chromium for the browser tests
	@scripts/ensure_chromium

cluster: ## Slurm and sshd, for the tests and the demonstration of the cluster
	@scripts/ensure_cluster

lint: setup-dev ## style, types, import rules, size budgets; Python and web
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/check_budgets.py
	cd webui && npm run --silent lint && npm run --silent typecheck && npm run --silent types -- --check

format: setup-dev ## let the tools mend what they can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

unit: setup-dev ## the quick tests only
	$(BIN)/python -m pytest tests/unit tests/contract tests/architecture

schemas: setup-dev ## regenerate JSON Schemas, OpenAPI and TypeScript types from the contracts
	$(BIN)/python -m core.contracts.schema
	cd webui && npm run --silent types

clean: ## remove what set-up made; the data folder stays
	rm -rf $(VENV) webui/node_modules webui/dist
