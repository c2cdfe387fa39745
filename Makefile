# Everything here sets up what it needs. `make help` lists the targets.

VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
RUN := $(VENV)/.ready-to-run
READY := $(VENV)/.ready-to-work
CONFORM := $(VENV)/.ready-to-conform
AUDIT := $(VENV)/.ready-to-audit
FUZZ := $(VENV)/.ready-to-fuzz
PYTEST := $(BIN)/python -m pytest

.PHONY: help demo test check docs format bench conformance soak chaos hearing capacity seeded-bugs fuzz ci-guide audit clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

# A virtual environment with the package and its simulator, and one with the tools too. uv if it is there, venv
# and pip if not. One that was begun and not finished is made anew.
define install
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 ...")'
	@if command -v uv >/dev/null 2>&1; then \
		echo "Setting up $(VENV) with uv ..."; \
		$(BIN)/python -c '' 2>/dev/null || uv venv --quiet --clear --python $(PYTHON) $(VENV); \
		uv pip install --quiet --python $(BIN)/python -e '.[$(1)]'; \
	else \
		echo "Setting up $(VENV) with venv and pip (a minute or two) ..."; \
		{ test -f $(VENV)/pyvenv.cfg && $(BIN)/python -m pip --version; } >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) \
			|| { echo "Python's venv does not work here; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }; \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[$(1)]'; \
	fi
	@touch $@
endef

$(RUN): pyproject.toml
	$(call install,simulator)

$(READY): pyproject.toml
	$(call install,dev)

$(CONFORM): pyproject.toml
	$(call install,conformance)

$(FUZZ): pyproject.toml
	$(call install,fuzz)

$(AUDIT): pyproject.toml
	$(call install,audit)

demo: $(RUN)  ## a whole spoken call, offline: watch it, then look at out/call.html
	@cd examples && ../$(BIN)/python -m demo --out ../out

test: $(READY)  ## run the tests
	@$(PYTEST) -q -n 4 --dist worksteal -m "not quiet"
	@$(PYTEST) -q -m quiet

check: $(READY)  ## format, lint, types, architecture, generated reference
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/pyright --level error --pythonpath $(BIN)/python
	@$(PYTEST) -q tests/test_architecture.py tests/test_public_api.py
	@LOGURU_LEVEL=WARNING PYTHONPATH=tools $(BIN)/python -m reference check

docs: $(READY)  ## write the part of the reference that is generated
	@LOGURU_LEVEL=WARNING PYTHONPATH=tools $(BIN)/python -m reference write

format: $(READY)  ## put the code into shape
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

bench: $(READY)  ## what decoding and encoding cost, next to json and pydantic
	@$(BIN)/python benchmarks/bench_codec.py

conformance: $(CONFORM)  ## Microsoft's SDK, its samples and Pipecat's built-in service against the simulator (some minutes)
	@CONFORMANCE=full $(PYTEST) -q tests/conformance
	@LOGURU_LEVEL=WARNING PYTHONPATH=tests:tools $(BIN)/python -m conformance --write docs/reference/conformance.md

soak: $(READY)  ## two thousand sessions: nothing may stay behind (some minutes)
	@$(BIN)/python benchmarks/soak.py

SEED ?= 1
SECONDS ?= 600
CALLS ?= 50
chaos: $(READY)  ## random faults in random conversations of 50 calls at once (SEED, SECONDS, CALLS; CALL=17 for one alone)
	@LOGURU_LEVEL=CRITICAL PYTHONPATH=tests $(BIN)/python -W ignore -m chaos --seed $(SEED) --seconds $(SECONDS) \
		--calls $(CALLS) $(if $(CALL),--call $(CALL)) $(if $(PAGE),--write $(PAGE))

hearing: $(READY)  ## how far off the turns are that the simulator hears
	@$(BIN)/python benchmarks/hearing.py

capacity: $(READY)  ## two hundred spoken sessions on one core of the simulator, each turn checked (a minute)
	@$(BIN)/python benchmarks/capacity.py

seeded-bugs: $(READY)  ## plant known bugs in the session: the tests must find each (some minutes)
	@$(BIN)/python tests/session/seeded_bugs.py

fuzz: $(FUZZ)  ## bytes at random into the codec and the session, SECONDS=600 for each of four runs
	@PYTHONPATH=tests $(BIN)/python -m fuzz $(or $(SECONDS),600)

audit: $(AUDIT)  ## known holes in dependencies, and secrets in files (a minute; needs the network, says so without)
	@PYTHONPATH=tools $(BIN)/python -m audit

ci-guide: $(READY)  ## run the commands of docs/howto/continuous-integration.md in a new environment (minutes)
	@PYTHONPATH=tests $(BIN)/python tests/testing/ci_guide.py

clean:  ## remove what the targets made
	rm -rf $(VENV) out .pytest_cache .ruff_cache .hypothesis
