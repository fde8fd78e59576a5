from __future__ import annotations

from pathlib import Path

import pytest

from matching.errors import OptionError
from serve.settings import Settings, read_settings, unused
from tests.conftest import Run


def test_environment_sets_and_what_is_given_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MATCHING_PORT", "9000")
    monkeypatch.setenv("MATCHING_WORKERS", "4")
    settings = read_settings(port=9001, host=None)
    assert (settings.port, settings.workers, settings.host) == (9001, 4, "127.0.0.1")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "0"),
        ("port", "70000"),
        ("port", "many"),
        ("workers", "0"),
        ("rate_limit", "often"),
        ("store", "here"),
        ("deadline_seconds", "-1"),
    ],
)
def test_what_cannot_be_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"MATCHING_{name.upper()}", value)
    with pytest.raises(OptionError) as refused:
        read_settings()
    assert refused.value.field == f"MATCHING_{name.upper()}"
    monkeypatch.delenv(f"MATCHING_{name.upper()}")
    with pytest.raises(OptionError) as refused:
        read_settings(**{name: value})
    assert refused.value.field == name


def test_a_worker_reads_what_the_server_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(bundles=Path("/b"), lists=Path("/l"), port=9, store="sqlite://", workers=7)
    for name, value in settings.to_environment().items():
        monkeypatch.setenv(name, value)
    assert read_settings() == settings


def test_store_is_beside_the_bundles_by_default(tmp_path: Path) -> None:
    assert Settings(bundles=tmp_path).store_url == f"sqlite:///{tmp_path}/service.sqlite"


def test_misspelt_variables_are_found() -> None:
    environment = {"MATCHING_RATE_LIMT": "1", "MATCHING_PORT": "1", "HOME": "/"}
    assert unused(environment) == ["MATCHING_RATE_LIMT"]


def test_show_config_tells_every_setting_but_no_password(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MATCHING_STORE", "postgresql+psycopg://matching:secret@db/matching")
    monkeypatch.setenv("MATCHING_RATE_LIMIT_STORAGE", "redis://:hidden@cache:6379/0")
    monkeypatch.setenv("MATCHING_RATE_LIMT", "1")
    code, out, err = run("serve", tmp_path, "--port", 8123, "--show-config")
    assert code == 0
    shown = dict(line.split("=", 1) for line in out.splitlines())
    assert set(shown) == {f"MATCHING_{name.upper()}" for name in Settings.model_fields}
    assert shown["MATCHING_PORT"] == "8123"
    assert shown["MATCHING_BUNDLES"] == str(tmp_path)
    assert "secret" not in out and "hidden" not in out and "@db/" in out
    assert "MATCHING_RATE_LIMT" in err
