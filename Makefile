# Every target first installs the hash-locked requirements into a virtual environment in .venv.
# Nothing is installed outside this directory.
#
# PYTHON=python3.12 make test   uses that interpreter, and recreates .venv if it has another version.
PYTHON ?=
VENV := .venv
# Tests and services are many short processes, which would each compile the project again.
export PYTHONDONTWRITEBYTECODE :=
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest --dist worksteal --durations 20

.PHONY: help setup demo demo-life up test test-resilience coverage check lint types format schemas histories \
	faults crash soak adversary alerts leak-scan race screenshots docs lock compose-trial postgresql
.DEFAULT_GOAL := help

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 17

setup: ## Create or update .venv (every other target does this first)
	@PYTHON='$(PYTHON)' sh requirements/setup_venv.sh $(VENV) requirements/dev.txt .

demo: setup ## Onboard a family against a real Temporal server, live in the terminal
	@$(BIN)/python -m demo

demo-life: setup ## Tell the life of one line: suspend, restore, swap SIM, change plan, end, win back
	@$(BIN)/python -m demo life

up: setup ## Start the same services on fixed ports and keep them running until Ctrl-C (OPTIONS=...)
	@$(BIN)/python -m demo up $(OPTIONS)

test: setup ## Run the unit and integration tests
	@$(PYTEST) -n 4 -m 'not resilience'

test-resilience: setup ## Run the tests that inject faults, kill processes and upgrade workers
	@$(PYTEST) -n 4 -m resilience

coverage: setup ## Measure the branch coverage of `make test`, and list what it leaves out
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -n 3 --dist worksteal -m 'not resilience'
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

# In one run, so that short tests use the processor while long ones wait for what they have injected.
check: lint types ## Run everything that CI runs: lint, types, both test tiers
	@$(PYTEST) -n 4

lint: setup ## Check style, formatting, import contracts and wording
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/python -m tools.prose

types: setup ## Check types with mypy in strict mode
	@$(BIN)/mypy

format: setup ## Format the code and apply automatic fixes
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

schemas: setup ## Generate the JSON Schemas of all payloads
	@$(BIN)/python -m tools.schemas

histories: setup ## Record the workflow histories that the replay tests check
	@$(BIN)/python -m tests.replay.record

faults: setup ## Inject every kind of fault into every vendor call (OPTIONS=...)
	@$(BIN)/python -m resilience.fault_matrix $(OPTIONS)

crash: setup ## Kill processes at every point of every vendor call (OPTIONS=...)
	@$(BIN)/python -m resilience.crash $(OPTIONS)

soak: setup ## Run hundreds of onboardings under random faults and crashes (OPTIONS=...)
	@$(BIN)/python -m resilience.soak $(OPTIONS)

adversary: setup ## Onboard for an hour while vendor, senders and operator misbehave (OPTIONS=...)
	@$(BIN)/python -m resilience.adversary $(OPTIONS)

alerts: setup ## Cause what each alert warns of, with Prometheus, until it fires and ends (OPTIONS=...)
	@$(BIN)/python -m resilience.alerts $(or $(OPTIONS),fire)

leak-scan: setup ## Search everything the system writes for canary secrets (OPTIONS=...)
	@$(BIN)/python -m resilience.leak_scan $(OPTIONS)

compose-trial: setup ## Run docker-compose.yml with local images in place of a registry's (root, Debian 12, Go)
	@$(BIN)/python -m tools.compose_trial

postgresql: setup ## Run the core of the resilience suite on Temporal with PostgreSQL, too (needs both, and Go)
	@PATH="$$($(BIN)/python -m tools.temporal_programs):$$PATH" PYTHON=$(BIN)/python sh resilience/beside_postgresql.sh

race: ## Compare this project with a plain Temporal flow and a flow on DBOS (OPTIONS=...)
	@PYTHON='$(PYTHON)' sh requirements/setup_venv.sh .venv-bench requirements/bench.txt .
	@.venv-bench/bin/python -m bench.race $(OPTIONS)

screenshots: setup ## Take the screenshots in docs/ (needs Chromium)
	@$(BIN)/python -m demo screenshots

docs: setup ## Build the documentation site in site/
	@PYTHON='$(PYTHON)' sh requirements/setup_venv.sh .venv-docs requirements/docs.txt
	@PATH="$(CURDIR)/$(BIN):$$PATH" NO_MKDOCS_2_WARNING=1 .venv-docs/bin/python -m mkdocs build --strict
	@echo "Open site/index.html"

lock: setup ## Update the pinned versions of all dependencies in requirements/
	@command -v uv >/dev/null || $(BIN)/python -m pip install --quiet uv
	@$(BIN)/python requirements/lock.py
