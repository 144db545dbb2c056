# Needs only make, Python >= 3.11 and, once, a package index (see README). `make help` lists the targets.
.POSIX:

# The first Python that is new enough, unless one is named: make PYTHON=/opt/python3.13/bin/python3 demo
PYTHON =
RUN = .venv/bin/python
FIND_PYTHON = \
	for candidate in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
		if "$$candidate" -c 'import sys; sys.exit(sys.version_info[:2] < (3, 11))' 2>/dev/null; then found="$$candidate"; break; fi; \
	done; \
	if [ -z "$$found" ]; then echo "Python 3.11 or later is needed: install python3, or name one with make PYTHON=/path/to/python3 ..." >&2; exit 1; fi

help:
	@echo "make demo    the whole portal on this machine: http://precta.localhost:8000   [PORT=8000 PRECTA_DATA=folder RESET=1]"
	@echo "make test    the whole test suite, with the browser                           [ARGS='tests/devstack -k refund']"
	@echo "make check   linters, types, layers, migrations, translations, deployment settings"
	@echo "make format  let the formatters rewrite what they would complain about"
	@echo "make bench   the figures in bench/results.json"
	@echo "make env     only the virtual environment .venv, with the development tools"

env:
	@$(FIND_PYTHON); "$$found" -I precta/devstack/bootstrap.py --dev

demo:
	@$(FIND_PYTHON); "$$found" -I precta/devstack/bootstrap.py
	@exec $(RUN) -m precta.devstack demo

test: env
	@exec $(RUN) -m precta.devstack test $(ARGS)

check: env
	@exec $(RUN) -m precta.devstack check

format: env
	@$(RUN) -m precta.devstack format

bench: env
	@exec $(RUN) -m precta.devstack bench $(ARGS)

.PHONY: help env demo test check format bench
