# Deux commandes : `make report` (environnement, données, rapport) et `make test`.
PYTHON ?= $(shell command -v python3.11 || command -v python3 || command -v python)
VENV ?= .venv
RENTREE ?= 2026
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
# Vide : Python garde ce qu'il compile ; sinon, chaque processus d'un rapport ou d'un test le refait.
export PYTHONDONTWRITEBYTECODE :=
PIP = $(BIN)/python -m pip install --disable-pip-version-check
# uv s'il est là, bien plus rapide ; pip à défaut, ou si uv ne sait pas où chercher les paquets.
UV := $(shell command -v uv)
INSTALL = $(if $(UV),{ $(UV) pip install --python $(BIN)/python$(1) || $(PIP)$(1); },$(PIP)$(1))
LOG = $(VENV)/pip.log
NBVAL = $(VENV)/nbval.log
LOGGED = >> $(LOG) 2>&1 || { tail -n 15 $(LOG); echo "L'installation a échoué : tout est dans $(LOG)."; exit 1; }
CHECK_PYTHON = $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
  || { echo "Il faut Python 3.11 ou plus récent : installez-le, ou nommez-le (make PYTHON=/chemin/python3.11)."; exit 1; }; \
  $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
  || { echo "Le module venv de Python manque : installez-le (Debian, Ubuntu : apt install python3.11-venv)."; exit 1; }

.PHONY: report test docs quick lock exemple clean help

help:            ## Liste les commandes
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/'

report: $(VENV)/.run-ready   ## Crée l'environnement et le rapport (RENTREE=2026, DONNEES=dossier)
	@echo "[2/2] Rapport de la rentrée $(RENTREE)"
	$(BIN)/fpi-eval run $(RENTREE) $(if $(DONNEES),--donnees "$(DONNEES)")

test: $(VENV)/.test-ready    ## Crée l'environnement, vérifie la forme, lance tous les tests
	@echo "[2/4] Forme du code (ruff)"
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@echo "[3/4] Types (mypy), tests de la bibliothèque (pytest) et notebooks (nbval), en même temps"
	$(BIN)/mypy & types=$$!; \
	  PYTHONPATH=tests OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -p forked \
	  --nbval --nbval-sanitize-with tests/nbval_sanitize.cfg reports/exemple > $(NBVAL) 2>&1 & notebooks=$$!; \
	  OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -p no:nbval -n auto --dist loadfile --no-loadscope-reorder; \
	  tests=$$?; wait $$types || tests=1; wait $$notebooks; echo $$? > $(NBVAL).code; exit $$tests
	@echo "[4/4] Les notebooks se sont exécutés, et le rapport d'exemple redonne les mêmes nombres (nbval)"
	@cat $(NBVAL); exit $$(cat $(NBVAL).code)

quick: $(VENV)/.test-ready   ## En une minute : forme, types, tests de ce qui a changé (DEPUIS=HEAD)
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/mypy & types=$$!; OMP_NUM_THREADS=1 $(BIN)/python tests/quick.py $(DEPUIS); \
	  tests=$$?; wait $$types && exit $$tests

docs: $(VENV)/.test-ready    ## Construit le site de la documentation, dans docs/_build/html
	OMP_NUM_THREADS=1 $(BIN)/python -m sphinx -q -E -W --keep-going -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

exemple: $(VENV)/.test-ready  ## Refait le rapport d'exemple publié dans reports/exemple
	$(BIN)/python -m fpi_eval.report.runner.exemple

lock: $(VENV)/.run-ready     ## Refait les fichiers de verrouillage (versions et empreintes, sans adresse)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-annotate --no-header pyproject.toml tests/requirements-build.in -o requirements.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-annotate --no-header --extra test --extra docs --extra lab -c requirements.lock pyproject.toml \
	  tests/requirements-build.in -o requirements-test.lock
	echo "pyspark>=4" | $(BIN)/uv pip compile -q --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-annotate --no-header - -o requirements-spark.lock

clean:           ## Retire l'environnement et le site ; les rapports restent
	rm -rf $(VENV) .pytest_cache .ruff_cache docs/_build docs/generated

$(VENV)/.run-ready: requirements.lock pyproject.toml
	@echo "[1/2] Environnement Python dans $(VENV) (quelques minutes la première fois)"
	@$(CHECK_PYTHON)
	@$(PYTHON) -m venv $(VENV)
	@$(call INSTALL, --require-hashes -r requirements.lock) $(LOGGED)
	@$(call INSTALL, --no-deps --no-build-isolation -e .) $(LOGGED)
	@touch $@

$(VENV)/.test-ready: requirements-test.lock pyproject.toml
	@echo "[1/4] Environnement Python dans $(VENV) (quelques minutes la première fois)"
	@$(CHECK_PYTHON)
	@$(PYTHON) -m venv $(VENV)
	@$(call INSTALL, --require-hashes -r requirements-test.lock) $(LOGGED)
	@$(call INSTALL, --no-deps --no-build-isolation -e .) $(LOGGED)
	@touch $@ $(VENV)/.run-ready
