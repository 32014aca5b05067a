# SPDX-License-Identifier: BSD-3-Clause
"""Modules kept out of memory: absent within, there as ever afterwards."""

import importlib
import subprocess
import sys

import pytest

from wpsagent.io.lean_import import hollow, without

RARE = "wave"


def test_a_module_is_absent_within_and_there_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, RARE, raising=False)
    with without(RARE), pytest.raises(ImportError):
        importlib.import_module(RARE)
    assert importlib.import_module(RARE).__name__ == RARE


def test_a_module_is_empty_within_and_whole_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, RARE, raising=False)
    with hollow(RARE):
        assert not hasattr(importlib.import_module(RARE), "open")
    assert hasattr(importlib.import_module(RARE), "open")


def test_a_failure_within_hides_nothing_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, RARE, raising=False)
    with pytest.raises(RuntimeError), without(RARE):
        raise RuntimeError
    assert RARE not in sys.modules


def test_a_module_that_is_loaded_stays() -> None:
    with without("json"):
        assert importlib.import_module("json").__name__ == "json"
    assert "json" in sys.modules


def test_the_broker_s_client_takes_no_web_client_into_memory_and_hides_none_from_others() -> None:
    code = (
        "import sys, wpsagent.daemon.daemon, wpsagent.io.mqtt\n"
        "assert not {'urllib.request', 'http.client', 'socks', 'difflib'} & set(sys.modules)\n"
        "import urllib.request\n"
        "assert urllib.request.urlopen\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_agent_and_its_broker_s_client_do_without_ssl_until_it_is_asked_for() -> None:
    code = (
        "import sys\n"
        "from wpsagent.io.lean_import import without\n"
        "with without('ssl'):\n"
        "    import wpsagent.cli.run, wpsagent.daemon.daemon, wpsagent.io.mqtt\n"
        "assert not {'ssl', '_ssl'} & set(sys.modules)\n"
        "import wpsagent.io.mqtt_tls\n"
        "assert 'ssl' in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
