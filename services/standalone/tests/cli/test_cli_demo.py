import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from invoiceflow_standalone.cli import demo
from invoiceflow_standalone.cli.app import app
from invoiceflow_standalone.cli.server import server_environment


def test_a_server_that_does_not_start_has_its_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.pdf").write_bytes(b"a")
    dies = [sys.executable, "-c", "raise SystemExit('The disk is full.')"]
    monkeypatch.setattr(demo, "server_command", lambda: dies)
    result = CliRunner().invoke(app, ["demo", str(tmp_path)])
    assert result.exit_code == 2
    assert "The disk is full." in result.stderr
    assert "did not start" in result.stderr


def test_the_demo_server_has_no_settings_of_another(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("INVOICEFLOW_API_KEYS", "[]")
    monkeypatch.setenv("INVOICEFLOW_HOST", "0.0.0.0")
    given = server_environment(host="127.0.0.1", port=9, data_dir=tmp_path, inherit=False)
    assert {name: value for name, value in given.items() if name.startswith("INVOICEFLOW_")} == {
        "INVOICEFLOW_HOST": "127.0.0.1",
        "INVOICEFLOW_PORT": "9",
        "INVOICEFLOW_DATA_DIR": str(tmp_path),
    }


def test_run_leaves_alone_what_it_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVOICEFLOW_PORT", "9090")
    monkeypatch.setenv("INVOICEFLOW_API_KEYS", '["00"]')
    given = server_environment(host="127.0.0.1")
    assert given["INVOICEFLOW_PORT"] == "9090"
    assert given["INVOICEFLOW_API_KEYS"] == '["00"]'
    assert given["INVOICEFLOW_HOST"] == "127.0.0.1"
