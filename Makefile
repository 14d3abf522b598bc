# Two commands are all you need: `make run` and `make test`. The others are for developers.
# The system's Python first: every user may run it, it gets security updates, and it is the faster
# build. Another one: make PY=python3.13
PY ?= $(shell /usr/bin/python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
    && echo /usr/bin/python3 || echo python3)
BIN := .venv/bin
CONFIG ?= var/bitrixmail.toml
KILLS ?= 100
# Processes that share the tests, a file each; more than the processors, since most of them wait.
# One alone, as for a debugger: make test WORKERS=0 ARGS=--pdb
WORKERS ?= 3

VENDOR := bitrixmail/web/static/vendor

.PHONY: pages words screenshots install run test check bench crashtest crashsend crashact fuzz faults soak attack tls clean

install: .venv/installed $(VENDOR)

.venv/installed: pyproject.toml
	@$(PY) -c 'import sys; sys.exit("bitrixmail needs Python 3.11 or newer, $(PY) is " + sys.version.split()[0] + "; name another: make PY=python3.12" if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/pip || { PY=$(PY) sh tests/install-programs.sh python3-venv && $(PY) -m venv .venv; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

.venv/developer: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test,dev]'
	@touch $@

# Styles and scripts of others for the pages, by npm
$(VENDOR): tools/vendor-pages.sh
	@sh tools/vendor-pages.sh

pages:
	@sh tools/vendor-pages.sh

# Collects what the pages say; what has no Russian yet is then found in words/ru.po
words: .venv/developer
	$(BIN)/python -m bitrixmail.web.words

# The pictures of docs/web, of a server on which the owner has just had his day
screenshots: .venv/developer $(VENDOR)
	@sh tests/install-programs.sh chromium
	$(BIN)/python -m tests.browser.screenshots docs/web/images

# The settings of a first start are a copy: the pages change them, and no file under version control
var/bitrixmail.toml:
	@mkdir -p -m 700 var
	@install -m 600 etc/bitrixmail.toml $@

run: .venv/installed $(VENDOR) $(CONFIG)
	@exec $(BIN)/twistd -n --pidfile= bitrixmail --config $(CONFIG)

# npm comes with the programs, so what it fetches comes after them
test: .venv/developer
	@sh tests/install-programs.sh
	@test -d $(VENDOR) || sh tools/vendor-pages.sh
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

check: .venv/developer
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

.venv/bench: .venv/developer
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[bench]'
	@touch $@

bench: .venv/bench
	@sh tests/install-programs.sh postfix strace dovecot-pop3d bogofilter npm
	$(BIN)/python -m bench $(ARGS)

crashtest: .venv/developer
	$(BIN)/python -m tests.crash --kills $(KILLS) $(ARGS)

crashsend: .venv/developer
	$(BIN)/python -m tests.crash.outbound --kills $(or $(KILLS),100) $(ARGS)

crashact: .venv/developer
	$(BIN)/python -m tests.crash.actions --kills $(or $(KILLS),100) $(ARGS)

faults: .venv/developer
	@sh tests/install-programs.sh strace
	$(BIN)/python -m tests.faults $(ARGS)

tls: .venv/developer
	@sh tests/install-programs.sh testssl.sh
	$(BIN)/python -m tests.tls $(ARGS)

soak: .venv/developer
	$(BIN)/python -m tests.soak --minutes $(or $(MINUTES),30) $(ARGS)

# MINUTES=… for all targets together, or INPUTS=… for each; TARGETS=a,b; GUIDED=1: by code coverage
fuzz: $(if $(GUIDED),.venv/fuzzer,.venv/developer)
	$(BIN)/python -m tests.fuzz $(if $(INPUTS),--inputs $(INPUTS),--minutes $(or $(MINUTES),5)) \
	    $(if $(TARGETS),--targets $(TARGETS)) $(if $(GUIDED),--guided) $(ARGS)

.venv/fuzzer: .venv/developer
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[fuzz]'
	@touch $@

attack: .venv/developer
	SLOW_SOCKETS=$(or $(SOCKETS),2000) $(BIN)/python -m pytest tests/attacks -s $(ARGS)

clean:
	rm -rf .venv build dist
