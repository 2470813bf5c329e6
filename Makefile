# Everything a developer or CI does. Nothing but make and Python 3.11 or later is needed; nobody activates anything.

PYTHON = .venv/bin/python
PYTEST = $(PYTHON) -m pytest
SETUP = pyproject.toml constraints.txt scripts/setup

.PHONY: help demo test slow exhaustive simulate mutants lint format bench cassettes reference wheels clean

help: ## what can be made
	@sed -n 's/^\([a-z]*\):.* ## /  make \1\t/p' Makefile

# Two stamps: to run needs less than to test, so `make demo` never waits for what tests need.
.venv/.demo: $(SETUP)
	@echo "setting up .venv"
	@scripts/setup
	@touch $@

.venv/.test: $(SETUP)
	@echo "setting up .venv with what tests need"
	@scripts/setup test,dev
	@touch .venv/.demo $@

demo: .venv/.demo ## plan and send the example campaigns to the embedded sandbox, twice
	@$(PYTHON) scripts/demo.py

test: .venv/.test ## the test suite, with a thousand histories
	@$(PYTEST) -n auto

slow: .venv/.test ## the longer proofs, with nine thousand more histories
	@$(PYTEST) -n auto -m slow --durations 10

exhaustive: .venv/.test ## the proofs that take many minutes, which CI leaves out
	@$(PYTEST) -n auto -m exhaustive --durations 10

simulate: .venv/.test ## seeded histories of runs that die (SEEDS=1000 of them, or SEED=17 again, step by step)
	@$(PYTHON) -m simulation $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),1000))

mutants: .venv/.test ## break each safety line in turn, which a history must show; write docs/mutants.md
	@$(PYTHON) -m simulation.mutants

lint: .venv/.test ## style, types, who imports whom, dependencies
	@$(PYTHON) -m ruff check
	@$(PYTHON) -m ruff format --check
	@$(PYTHON) -m mypy
	@.venv/bin/lint-imports
	@$(PYTHON) -m deptry runner

format: .venv/.test ## mend what `make lint` can mend
	@$(PYTHON) -m ruff check --fix
	@$(PYTHON) -m ruff format

bench: .venv/.test ## measure, and write docs/benchmarks.md
	@$(PYTHON) bench/bench.py

cassettes: .venv/.test ## record the exchanges that tests replay, from the sandbox
	@$(PYTHON) scripts/cassettes.py

reference: .venv/.test ## write docs/reference from the commands and the schemas
	@$(PYTHON) scripts/reference.py

wheels: ## fill .wheels, for `make WHEELS=.wheels test` without a network
	@python3 -m pip download --quiet --only-binary :all: -d .wheels -r constraints.txt

clean: ## remove what the above made; never a state that remembers real people
	@rm -rf .venv .wheels .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist
	@rm -rf .campaign/sandbox*
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
