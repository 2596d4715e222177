# make demo   the sample case, from images to numbers; a window where there is a screen
# make test   every check of the main lane; the other lanes are without-napari and test-lowest
# make benchmark   the speed of a slide, the memory it takes and other programs beside it; writes docs/performance.md
# The first call makes .venv from constraints.txt. Any Python from 3.11 serves: make test PYTHON=python3.12

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
INSTALL := -m pip --disable-pip-version-check install --quiet --only-binary :all: --require-hashes
EDITABLE := -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation --editable .
# The suite needs none of these but for its gui tests, and a window system is slow to load.
NO_WINDOW := -m "not gui" -p no:napari -p no:pytest-qt -p no:xvfb
WORKERS ?= 2
say = @printf '\n== %s ==\n' $(1)

.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help install libraries programs demo test lint format style types imports manifest unit gui without-napari test-lowest constraints wheel benchmark clean

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

install: .venv/installed
.venv/installed: constraints.txt pyproject.toml tools/make_venv.sh
	$(call say,"Installing into .venv from constraints.txt (a few minutes the first time)")
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || tools/make_venv.sh .venv "$(PYTHON)"
	@$(BIN)/python $(INSTALL) -r constraints.txt
	@$(BIN)/python $(EDITABLE)
	@touch $@

libraries:
	@tools/system_libraries.sh

# What only the tests need: a browser, a second reader of DICOM, a hand that moves the mouse.
programs:
	@tools/system_libraries.sh tools/system_packages.txt tools/test_packages.txt

demo: .venv/installed libraries
	@$(BIN)/calcannot demo -o demo_results

test: lint unit gui

lint: format style types imports manifest

format: .venv/installed
	$(call say,"Format: ruff format --check")
	@$(BIN)/ruff format --check --quiet .

style: .venv/installed
	$(call say,"Style: ruff check")
	@$(BIN)/ruff check .

types: .venv/installed
	$(call say,"Types: mypy strict")
	@$(BIN)/mypy

imports: .venv/installed
	$(call say,"Imports go down only: lint-imports")
	@$(BIN)/lint-imports

manifest: .venv/installed libraries
	$(call say,"Plugin manifest: npe2 validate")
	@$(BIN)/npe2 validate --imports calcannot

unit: .venv/installed programs
	$(call say,"Tests without a window")
	@$(BIN)/python -m pytest $(NO_WINDOW) -n $(WORKERS)

gui: .venv/installed programs
	$(call say,"Tests of the window")
	@$(BIN)/python -m pytest -m gui

# The versions and hashes of .venv, but only what the base install and its tests need.
without-napari: .venv-core/installed
	$(call say,"No napari and no Qt")
	@.venv-core/bin/python tools/check_without_napari.py
	@.venv-core/bin/python -m pytest $(NO_WINDOW) -n $(WORKERS)

.venv-core/installed: constraints-core.txt pyproject.toml tools/make_venv.sh
	$(call say,"Installing into .venv-core from constraints-core.txt")
	@tools/make_venv.sh .venv-core "$(PYTHON)"
	@.venv-core/bin/python $(INSTALL) -r constraints-core.txt
	@.venv-core/bin/python $(EDITABLE)
	@touch $@

# The lower bounds of pyproject.toml, on Python 3.11: the oldest Python has the oldest wheels.
LOWEST_PYTHON ?= $(shell for p in python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null && echo $$p && break; done)
test-lowest: .venv-lowest/installed
	$(call say,"The lowest versions allowed")
	@.venv-lowest/bin/python tools/check_floors.py
	@.venv-lowest/bin/python -m pytest $(NO_WINDOW) -n $(WORKERS)

.venv-lowest/installed: constraints-lowest.txt pyproject.toml tools/make_venv.sh
	$(call say,"Installing into .venv-lowest from constraints-lowest.txt")
	@test -n "$(LOWEST_PYTHON)" || { echo "The lowest versions have wheels for Python 3.11 alone: install it" >&2; exit 1; }
	@tools/make_venv.sh .venv-lowest "$(LOWEST_PYTHON)"
	@.venv-lowest/bin/python $(INSTALL) -r constraints-lowest.txt
	@.venv-lowest/bin/python $(EDITABLE)
	@touch $@

# Keeps the versions that still fit; make constraints UPGRADE=--upgrade takes the newest.
COMPILE = $(BIN)/uv --no-config pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links \
	--python-version 3.11 --custom-compile-command "make constraints" $(UPGRADE)
constraints: .venv/installed
	$(COMPILE) --universal --all-extras --group dev --output-file constraints.txt pyproject.toml
	$(COMPILE) --universal --group test --constraints constraints.txt --output-file constraints-core.txt pyproject.toml
	$(COMPILE) --universal --resolution lowest-direct --group test --output-file constraints-lowest.txt pyproject.toml

wheel: .venv/installed
	@$(BIN)/python -m hatchling build --target wheel

# Ten minutes on a machine that does nothing else.
benchmark: .venv/installed programs
	@$(BIN)/python benchmarks/run.py --work build/benchmark --install-peers --page docs/performance.md

clean:
	rm -rf .venv .venv-core .venv-lowest demo_results dist
