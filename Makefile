# Everything here sets up what it needs. `make help` lists the targets.

VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTEST := $(BIN)/python -m pytest

.PHONY: help demo test check format bench soak seeded-bugs clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

# A virtual environment with the package, its simulator and the tools. uv if it is there, venv and pip if not.
$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 ...")'
	@if command -v uv >/dev/null 2>&1; then \
		echo "Setting up $(VENV) with uv ..."; \
		test -x $(BIN)/python || uv venv --quiet --python $(PYTHON) $(VENV); \
		uv pip install --quiet --python $(BIN)/python -e '.[dev]'; \
	else \
		echo "Setting up $(VENV) with venv and pip (a minute or two) ..."; \
		test -x $(BIN)/python || $(PYTHON) -m venv $(VENV); \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'; \
	fi
	@touch $@

demo: $(READY)  ## a whole spoken call, offline: watch it, then look at out/call.html
	@cd examples && ../$(BIN)/python -m demo --out ../out

test: $(READY)  ## run the tests
	@$(PYTEST) -q -n 4 --dist worksteal

check: $(READY)  ## format, lint, types, architecture
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/pyright --level error --pythonpath $(BIN)/python
	@$(PYTEST) -q tests/test_architecture.py tests/test_public_api.py

format: $(READY)  ## put the code into shape
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

bench: $(READY)  ## what decoding and encoding cost, next to json and pydantic
	@$(BIN)/python benchmarks/bench_codec.py

soak: $(READY)  ## two thousand sessions: nothing may stay behind (some minutes)
	@$(BIN)/python benchmarks/soak.py

seeded-bugs: $(READY)  ## plant known bugs in the session: the tests must find each (some minutes)
	@$(BIN)/python tests/session/seeded_bugs.py

clean:  ## remove what the targets made
	rm -rf $(VENV) out .pytest_cache .ruff_cache .hypothesis
