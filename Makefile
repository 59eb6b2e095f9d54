.DEFAULT_GOAL := help
PYTHON ?= python3.11
VENV := .venv
PY := $(VENV)/bin/python
export PYTHONDONTWRITEBYTECODE ?= 1

# What `check` pretends to be for Django's own advice on production.
PRODUCTION := STAGEDOOR_DEBUG=false SITE_URL=https://stagedoor.example ALLOWED_HOSTS=stagedoor.example \
	SECRET_KEY=only-for-the-check-only-for-the-check-0123456789-abcdefghij-klm

.PHONY: help setup run test check format train-starter score-starter benchmarks

help: ## list what make can do
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

$(VENV)/.ready: requirements.txt constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "Stagedoor needs Python 3.11. Install it, or name it: make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Preparing $(VENV): this downloads about 2 GB the first time."
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --root-user-action=ignore -r requirements.txt
	@touch $@

.env:
	@umask 077; printf 'STAGEDOOR_DEBUG=true\nSECRET_KEY=%s\n' "$$($(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(48))')" > $@
	@echo "Wrote .env with a fresh secret for this machine."

setup: $(VENV)/.ready .env ## prepare .venv and a development .env

run: setup ## the portal with its workers and demo people, on http://127.0.0.1:8000
	$(PY) manage.py migrate --verbosity 0
	$(PY) manage.py demo --no-links
	$(PY) manage.py up --links

test: check ## every check and every test, the browser's too
	$(PY) tests/run.py

check: setup ## the quick one: style, types, import order, migrations, Django's own checks
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	PYTHONPATH=.:platform $(VENV)/bin/lint-imports --no-cache
	$(PY) manage.py makemigrations --check --dry-run
	$(PY) manage.py check --fail-level WARNING
	@$(PRODUCTION) $(PY) manage.py check --deploy --fail-level WARNING

format: setup ## put the code into its one format
	$(VENV)/bin/ruff check --fix-only .
	$(VENV)/bin/ruff format .

train-starter: setup ## train the starter model from nothing (resumes where it stopped)
	$(PY) -m generation.starter.train

score-starter: setup ## measure the starter model against held-out prompts
	$(PY) -m generation.starter.score

benchmarks: setup ## what we claim about speed, printed as tables
	@for one in benchmarks/bench_*.py; do echo; echo "== $$one"; $(PY) $$one || exit 1; done
