# SPDX-License-Identifier: BSD-3-Clause
# wps-agent: `make run` and `make test` do all their own set-up (Debian packages, .venv, the lab's kernel).

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
REPORTS := build/reports
PYTEST := $(BIN)/python -m pytest -q

# What runs on the host; tests/lab runs in the lab's guests.
NATIVE_TESTS := $(wildcard tests/unit tests/pairs tests/fuzz tests/system)

# The cores are tested to the last branch; the rest, which is also tested in the lab where nothing is measured, to this figure.
CORES := errors.py octets.py capabilities.py ports.py crypto/* dot11/* wsc/* rsn/* eap/*
REST_COVERAGE ?= 80

comma := ,
empty :=
space := $(empty) $(empty)
CORE_FILES := $(subst $(space),$(comma),$(patsubst %,*/wpsagent/%,$(CORES)))

# A guest of the lab keeps one processor busy; in most of them time stands still while they compute.
export WPS_LAB_GUESTS ?= $(shell nproc)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore
export COVERAGE_FILE := build/coverage

.PHONY: help run deb install test test-native coverage test-lab test-lab-again lint format bench lab venv clean

help:
	@echo 'make run     run the agent: on this board, or simulated where there is no configuration'
	@echo 'make test    all tests, with coverage of the cores; the first time it builds the kernel of the radio lab'
	@echo 'make deb     a package for Debian and Raspberry Pi OS, into dist/'
	@echo 'make install install that package here'
	@echo 'make lint    ruff, mypy and the import contracts'
	@echo 'make format  let ruff format the sources'
	@echo 'make bench   measure against hostapd in the radio lab, into build/bench.json'
	@echo 'make lab     build the kernel of the radio lab, into build/lab/ (5 minutes on two cores, once)'
	@echo 'make venv    set up .venv for development'
	@echo 'make clean   remove what was built, .venv and the kernel of the lab excepted'
	@echo
	@echo 'One test:  .venv/bin/python -m pytest tests/lab/test_lab_reference.py -k push_button'

# ---- set-up

.PHONY: need-python
need-python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || .ci/need python3
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'wps-agent needs Python 3.11 or later; name one with make PYTHON=…' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || .ci/need python3-venv

# A stamp says for which extras the environment was made; a changed pyproject.toml makes it anew.
PIP_INSTALL := $(BIN)/python -m pip install --quiet --quiet
PIP_FAILED := echo 'pip could not install the libraries of wps-agent (is there a network?); make again goes on from here' >&2; exit 1
MAKE_VENV = $(BIN)/python -c '' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV)

# Where PyPI has no compiled lgpio for this Python it is compiled here, with its C library (PYPI=1).
INSTALL_LGPIO = $(PIP_INSTALL) --only-binary lgpio -e '.[lgpio]' 2>/dev/null || { \
  .ci/need swig=swig gcc=gcc libc6-dev=/usr/include/stdio.h \
    python3-dev="$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h" && \
  PYPI=1 $(PIP_INSTALL) -e '.[lgpio]'; }

$(VENV)/run.stamp: pyproject.toml | need-python
	@echo "Setting up $(VENV)"
	@$(MAKE_VENV)
	@$(PIP_INSTALL) -e . || { $(PIP_FAILED); }
	@ls /dev/gpiochip* >/dev/null 2>&1 || exit 0; $(PIP_INSTALL) -e '.[gpio]' || \
	  echo 'Going on without gpiozero: buttons and LEDs at the pins of a Raspberry Pi cannot be used' >&2
	@touch $@

$(VENV)/test.stamp: pyproject.toml | need-python
	@echo "Setting up $(VENV) for development"
	@$(MAKE_VENV)
	@$(PIP_INSTALL) -e '.[test]' || { $(PIP_FAILED); }
	@$(INSTALL_LGPIO)
	@touch $@ $(VENV)/run.stamp

venv: $(VENV)/test.stamp

.PHONY: need-broker need-peers
need-broker:
	@.ci/need mosquitto=mosquitto

need-peers: need-broker
	@.ci/need mosquitto-clients=mosquitto_sub hostapd=hostapd wpasupplicant=wpa_supplicant iw=iw iproute2=ip \
	  iputils-ping=ping util-linux=taskset openssl=openssl dpkg=dpkg-deb debootstrap=debootstrap groff-base=groff \
	  network-manager=NetworkManager dbus=dbus-daemon dnsmasq-base=dnsmasq systemd=systemd-analyze \
	  wpagui=wpa_gui xvfb=Xvfb xdotool=xdotool \
	  chromium=chromium fonts-dejavu-core=/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf

# The kernel of the lab: WPS_LAB_KERNEL if that is set, else one that is built here.
lab:
ifndef WPS_LAB_KERNEL
	@[ "$$(uname -m)" = x86_64 ] || { echo 'The radio lab is a User-Mode Linux, which needs an x86_64 machine.' >&2; exit 1; }
	@[ -x build/lab/linux ] || [ -n "$${WPS_LAB_SOURCE:-}" ] || ls /usr/src/linux-source-*.tar.xz >/dev/null 2>&1 || \
	  .ci/need "$$(tests/lab/kernel/build.sh --package)"
	@[ -x build/lab/linux ] || .ci/need flex=flex bison=bison bc=bc make=make gcc=gcc libc6-dev=/usr/include/stdio.h xz-utils=xz
	@tests/lab/kernel/build.sh build/lab
endif

# ---- the program

run: $(VENV)/run.stamp need-broker
	@$(BIN)/wps-agent run $(ARGS)

deb: $(VENV)/run.stamp
	@.ci/need dpkg=dpkg-deb
	@init/build-deb.sh $(BIN)/python dist

# The version may be the one that is installed, and the program another.
install: deb
	@.ci/need "./$$(ls -t dist/wps-agent_*_all.deb | head -n 1)"
	@grep '^wps-agent: ' build/apt.log || true # what is to be done next

# ---- tests

test: test-native coverage test-lab

test-native: $(VENV)/test.stamp need-peers
	@mkdir -p $(REPORTS)
	@$(BIN)/coverage run -m pytest -q --junitxml=$(REPORTS)/native.xml $(NATIVE_TESTS) $(ARGS)

coverage: test-native
	@echo 'Coverage of the cores (all of it):'
	@$(BIN)/coverage report --include='$(CORE_FILES)' --show-missing --fail-under=100
	@echo 'Coverage of the rest (at least $(REST_COVERAGE) %, without the lab):'
	@$(BIN)/coverage report --omit='$(CORE_FILES)' --fail-under=$(REST_COVERAGE)

# Where the lab cannot be built its tests say why they are skipped, unless it is required.
test-lab: $(VENV)/test.stamp need-peers
	@mkdir -p $(REPORTS)
	@$(MAKE) lab || [ "$${WPS_LAB_REQUIRED:-}" != 1 ]
	@rm -f $(REPORTS)/lab-again.xml
	@$(PYTEST) --junitxml=$(REPORTS)/lab.xml tests/lab $(ARGS) || { [ $$? -eq 1 ] && $(MAKE) test-lab-again; }

# The guests' clocks go on while a loaded host does something else, so a test of seconds may fail by no fault of ours;
# one that fails twice in a row has failed.  What passes only now is named above.
test-lab-again:
	@echo 'Once more, those that failed:'
	@$(PYTEST) --last-failed --last-failed-no-failures none --junitxml=$(REPORTS)/lab-again.xml tests/lab $(ARGS)

lint: $(VENV)/test.stamp
	@mkdir -p build
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports >build/lint-imports.log 2>&1 || { cat build/lint-imports.log; exit 1; }
	@echo 'lint: clean'

format: $(VENV)/test.stamp
	@$(BIN)/ruff check --quiet --fix . || true
	@$(BIN)/ruff format --quiet .

bench: $(VENV)/test.stamp need-peers lab
	@$(BIN)/python -m tests.bench $(ARGS)

clean:
	@rm -rf build/reports build/coverage build/*.log build/bench.json dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	@find agent board tests -name __pycache__ -type d -prune -exec rm -rf {} +
