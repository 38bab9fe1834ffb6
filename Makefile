# Names for the commands of this project; `make help` lists them.
# Everything runs with the interpreter of .venv, in any shell or environment.

PYTHON ?= python3
VENV := .venv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export DVC_NO_ANALYTICS := 1
# Without bytecode on disk each of the many processes would compile the project again.
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE

BASE ?= main
NAME ?= sample
SEEDS ?= 3
TABLE ?= losses

.DEFAULT_GOAL := help
.PHONY: help install repro weights test test-slow lint format demo pictures ink-sheet report tables \
	compare show ablation bench bench-data soak clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/run.stamp ## create .venv with the exact versions of constraints.txt

repro: $(VENV)/run.stamp ## run every stage of the pipeline that is out of date
	dvc repro

weights: $(VENV)/dev.stamp ## train the weights of the package anew: ART=/path/to/art (hours)
	python -m stages.gather "$(ART)"
	python -m stages.inside weights
	dvc repro weights/dvc.yaml
	python -m stages.apart
	python -m stages.ship
	python -m benchmarks.failures
	python -m stages.card

test: $(VENV)/dev.stamp ## run the tests (minutes)
	python -m pytest

test-slow: $(VENV)/dev.stamp ## run the long proofs as well
	python -m pytest -m "slow or not slow"

lint: $(VENV)/dev.stamp ## check style and types
	ruff check .
	ruff format --check .
	mypy

format: $(VENV)/dev.stamp ## format the code
	ruff check --fix .
	ruff format .

report: $(VENV)/run.stamp ## write report.html: scores, curves, every test picture to compare
	python -m stages.report

demo: $(VENV)/run.stamp ## draw a book of manga pages, and paint a page, a folder and a book of them, in demo/
	python -m benchmarks.demo demo
	colorize --overwrite demo/pages/page-1.png -o demo/page.png --compare
	colorize --overwrite demo/pages -o demo/painted
	colorize --overwrite demo/pages -o demo/hinted --hints demo/hints.json
	colorize --overwrite demo/book.cbz -o demo/painted.cbz

pictures: $(VENV)/dev.stamp demo ## make the README's pictures of the demo: docs/page.png, and in Chromium docs/studio.png
	python -m benchmarks.pictures demo docs

ink-sheet: $(VENV)/run.stamp ## write ink-sheet.png: manga pages made of test pictures
	python -m stages.ink_sheet

tables: $(VENV)/run.stamp ## write the tables of README.md and docs/results.md from the metrics
	python -m stages.tables

compare: $(VENV)/run.stamp ## fail where a score is worse than at BASE, main if not given
	@python -m stages.compare $(BASE)

show: $(VENV)/run.stamp ## compare all runs by six scores: workspace, branches, experiments
	@python -m stages.show

ablation: $(VENV)/run.stamp ## train variants, SEEDS=3 times each; NAME, TABLE=critics, SET="resize.side=128 ..."
	@SEEDS=$(SEEDS) python -m stages.ablation $(NAME) $(TABLE) $(SET)

bench: $(VENV)/dev.stamp ## measure against other ways (BENCH_CLOCK=processor on a shared machine)
	python -m benchmarks.recipes
	python -m benchmarks.train
	python -m benchmarks.curve
	python -m benchmarks.targets
	python -m benchmarks.memory
	python -m benchmarks.paint
	python -m benchmarks.score
	python -m benchmarks.ink
	python -m benchmarks.snap
	python -m benchmarks.scale
	python -m benchmarks.decode
	python -m benchmarks.optimisers
	python -m benchmarks.hues
	python -m benchmarks.studio

# img2dataset wants another OpenCV than this project, so it gets an environment of its own.
bench-data: $(VENV)/dev.stamp ## measure resize and quantise against other ways (minutes)
	test -x .scratch/img2dataset/bin/python || $(PYTHON) -m venv .scratch/img2dataset
	.scratch/img2dataset/bin/python -m pip install --quiet --disable-pip-version-check img2dataset==1.47.0
	python -m benchmarks.data .scratch/img2dataset/bin/python

N ?= 100000
soak: $(VENV)/dev.stamp ## run N pictures through fetch, resize and quantise (N=100000: 20 minutes, 15 GB)
	python -m benchmarks.soak $(N)

clean: ## remove what make installed and the stages made, but not DVC's cache
	rm -rf $(VENV) data models .scratch

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: pyproject.toml constraints.txt | $(VENV)/bin/python
	python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[all]'
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp
	python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
