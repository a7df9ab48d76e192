# `make help` lists what this file does. A fresh machine needs Python 3.11 to 3.13 and nothing else.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# The newest Python that the lock was made for; PYTHON=/path/to/python overrides it.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || echo python3)
CORES ?= 2
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

# A line a finished notebook; Snakemake's own log is kept in .snakemake/log.
SNAKEMAKE := $(BIN)/python tools/run_suite.py --cores $(CORES) --rerun-incomplete --show-failed-logs

# A run that was killed leaves its lock behind; it is taken away unless a run is still alive here.
UNLOCK = @pgrep -f "$(CURDIR)/$(BIN)/[p]ython.*[s]nakemake" > /dev/null \
	|| $(BIN)/snakemake --unlock --cores 1 > /dev/null 2>&1 || true

.PHONY: hostile models help run demo test figures lab bench site clean clean-real setup lint types unit notebooks pipeline publish sample lock

help:  ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13) and "Python 3.11 to 3.13 is needed, found " + sys.version.split()[0] + "; run make PYTHON=/path/to/python3.11 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --progress-bar off --quiet -r requirements.lock
	$(BIN)/python -m pip install --progress-bar off --quiet --no-deps --no-build-isolation -e .
	touch $@

setup: .venv/installed  ## The environment: .venv, from requirements.lock

run: setup  ## The sample profile of the whole suite, into runs/sample
	$(UNLOCK)
	$(SNAKEMAKE)
	@$(BIN)/python tools/report_run.py sample

demo: setup  ## One notebook of one track, to see how a page looks
	$(UNLOCK)
	$(SNAKEMAKE) -- runs/sample/sirna_efficacy/01_explore_features.ipynb

figures: setup  ## The real profile: figures/<track>, results.csv and the tables in docs/results
	$(UNLOCK)
	$(SNAKEMAKE) --configfile config/real.yaml
	$(BIN)/python tools/readme_table.py
	$(BIN)/python tools/figure_index.py
	@$(BIN)/python tools/report_run.py real

models: setup  ## What the suite ships in data/models, from a run of the real profile
	$(BIN)/python tools/pack_models.py runs/real

test: lint types unit notebooks pipeline  ## Lint, types, unit and property tests, nbval, a pipeline test

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

unit: setup
	$(BIN)/pytest -q -n $(CORES) --doctest-modules helpers tests -m "not pipeline"

# Jobs, not threads, fill the cores here.
unit notebooks pipeline: export TF_NUM_INTRAOP_THREADS = 1
unit notebooks pipeline: export TF_NUM_INTEROP_THREADS = 1
unit notebooks pipeline: export OMP_NUM_THREADS = 1

# Every notebook, those of a track in their order (conftest.py), so that each makes what the next one reads;
# then one track a second time, through Snakemake, which finds the folds that were kept.
THROUGH_SNAKEMAKE := $(patsubst notebooks/%,runs/sample/%,$(wildcard notebooks/sirna_efficacy/*.ipynb))
notebooks: setup
	$(BIN)/pytest -q -n $(CORES) --dist loadscope -p no:warnings -p no:cacheprovider --nbval-lax --nbval-cell-timeout 3600 notebooks
	$(UNLOCK)
	$(SNAKEMAKE) -- $(THROUGH_SNAKEMAKE) runs/sample/sirna_efficacy/results.csv

pipeline: setup
	$(BIN)/pytest -q -n $(CORES) tests/project/test_journeys.py -m pipeline
	$(BIN)/pytest -q tests/project/test_pipeline_run.py -m pipeline

hostile: setup  ## What takes minutes: killed shards, JupyterLab in a browser
	$(BIN)/pytest -q tests/project/test_shards.py tests/project/test_lab.py -m pipeline

lab: setup  ## JupyterLab in notebooks/
	$(BIN)/jupyter lab notebooks/00_start_here.ipynb

bench: setup  ## Speed and memory of the parts that promise some
	for file in benchmarks/bench_*.py; do $(BIN)/python $$file; done

# Its builder is no part of the lock: nothing but the site needs it.
site: setup  ## A read-only site from the stored outputs, into build/site
	@$(BIN)/python -c 'import latex2mathml, material' 2> /dev/null || $(BIN)/python -m pip install --progress-bar off --quiet --no-build-isolation -e '.[site]'
	$(BIN)/python tools/build_site.py

publish: run  ## Put the executed sample notebooks into notebooks/, with their outputs
	for page in 00_start_here 01_one_hot_convolution_auroc 02_records_under_audit; do $(BIN)/papermill notebooks/$$page.ipynb runs/sample/$$page.ipynb --no-progress-bar; done
	$(BIN)/python tools/publish_notebooks.py

sample: setup  ## Make the bundled samples anew, from their seeds
	$(BIN)/python -m helpers.tracks.rna_peptide.simulate data/sample/rna_peptide
	$(BIN)/python -m helpers.tracks.stress_response.simulate data/sample/stress_response
	$(BIN)/python -m helpers.tracks.sirna_efficacy.simulate data/sample/sirna_efficacy
	$(BIN)/python -m helpers.tracks.gene_expression.simulate data/sample/gene_expression
	$(BIN)/python -m helpers.tracks.rna_modification.simulate data/sample/rna_modification

lock:  ## requirements.lock anew, from pyproject.toml, in an environment of its own
	tools/lock.sh

clean:  ## Remove runs/sample and caches; .venv and runs/real stay
	rm -rf runs/sample .pytest_cache .ruff_cache .mypy_cache .hypothesis
	@echo "These stay: .venv, figures/, fetched data sets, and runs/real ('make clean-real' removes it)."

clean-real:  ## Remove runs/real, which took hours; fetched data sets and figures/ stay
	rm -rf runs/real
	@echo "These stay: figures/ and the fetched data sets; 'make figures' makes runs/real anew."
