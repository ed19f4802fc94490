# Each target first makes .venv with the pinned packages (a second time: at once). `make help` lists them.
# Written for GNU make 3.81, which macOS brings.

PYTHON =
VENV = .venv/bin
DATA_ROOT =
TESTS =

# The stages' commands say `python`: the environment's.
export PATH := $(CURDIR)/$(VENV):$(PATH)

.PHONY: help setup repro test quick real bench bench-sweeps plots figures report readme lint clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' Makefile
	@echo "PYTHON=/path/to/python picks the Python that makes .venv (3.11 to 3.13)"

setup: ## .venv with the pinned packages and this project
	@sh tools/bootstrap.sh "$(PYTHON)"

repro: setup ## the whole graph; ends with a table of results
	@$(VENV)/python -m kws check
	$(VENV)/dvc repro
	@$(VENV)/python -m kws summary

test: setup ## all tests; TESTS=tests/kws/test_tables.py picks some
	$(VENV)/python -m pytest $(TESTS)

quick: setup ## the whole graph, small, in a copy under build/quick; under three minutes
	@$(VENV)/python -m kws quick

real: setup ## all stages on real speech -> results/speech_commands; DATA_ROOT=folder or .tar.gz
	@$(VENV)/python -m kws real "$(DATA_ROOT)"

bench: setup ## cycles of each model and phase on the emulated board, and their history; a minute
	@$(VENV)/python -m kws bench

bench-sweeps: setup ## how a sweep scales with processes; minutes, needs what `make repro` leaves, run nothing else
	$(VENV)/python tools/sweep_scaling.py

plots: setup ## all plots as one page that needs no network -> build/plots.html
	@$(VENV)/python -m kws plots

figures: setup ## the pictures as SVG, for a paper -> build/figures
	@$(VENV)/python -m kws figures

report: setup ## all results as one HTML file, and a PDF where a browser is there -> build/report.html
	@$(VENV)/python -m kws report

readme: setup ## the README's tables from the measured numbers
	@$(VENV)/python tools/readme_tables.py

lint: setup ## ruff and clang-format, as before each commit
	$(VENV)/pre-commit run --all-files

clean: ## remove what was built; .venv, DVC's cache and results stay
	rm -rf build .kws .pytest_cache .ruff_cache .hypothesis
