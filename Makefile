# Every target sets itself up: a virtual environment in .venv, installed from the hash-locked
# requirements, nothing outside the project's folder.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: help demo up test check lint types format schemas histories faults crash soak leak-scan screenshots lock
.DEFAULT_GOAL := help

help: ## Say what can be typed
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

demo: $(INSTALLED) ## Onboard a family on a real Temporal server, live in the terminal
	@$(BIN)/python -m demo

up: $(INSTALLED) ## Start the same, and stay up
	@$(BIN)/python -m demo up

test: $(INSTALLED) ## Run every test
	@$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder --durations 25

check: lint types test ## Lint, types and tests: what CI runs

lint: $(INSTALLED) ## Lint, format check, and the arrows between the folders
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

types: $(INSTALLED) ## Strict type check
	@$(BIN)/mypy

format: $(INSTALLED) ## Format and mend what can be mended
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

schemas: $(INSTALLED) ## Write the JSON Schemas of the payloads
	@$(BIN)/python -m tools.schemas

histories: $(INSTALLED) ## Record the histories that the replay test replays
	@$(BIN)/python -m tests.replay.record

faults: $(INSTALLED) ## Spoil every vendor call in every way, and judge (OPTIONS=…)
	@$(BIN)/python -m resilience.fault_matrix $(OPTIONS)

crash: $(INSTALLED) ## End processes at every point of every vendor call, and judge (OPTIONS=…)
	@$(BIN)/python -m resilience.crash $(OPTIONS)

soak: $(INSTALLED) ## Hundreds of onboardings while the vendor fails and processes end (OPTIONS=…)
	@$(BIN)/python -m resilience.soak $(OPTIONS)

leak-scan: $(INSTALLED) ## Let canary secrets run through everything, and search what is left (OPTIONS=…)
	@$(BIN)/python -m resilience.leak_scan $(OPTIONS)

screenshots: $(INSTALLED) ## Take the pictures in docs/ (needs Chromium)
	@$(BIN)/python -m demo screenshots

lock: $(INSTALLED) ## Pin the newest versions of everything in requirements/
	@$(BIN)/pip install --quiet uv
	@$(BIN)/python requirements/lock.py

$(INSTALLED): requirements/dev.txt
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not on PATH: install Python 3.11, or name another with PYTHON=…" >&2; exit 1; }
	@echo "Setting up $(VENV), once, about half a minute …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@
