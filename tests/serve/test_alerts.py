"""The alert rules and the runbook speak of what there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from serve import metrics

DOCS = Path(__file__).parents[2] / "docs"
RUNBOOK = (DOCS / "runbook.md").read_text(encoding="utf-8")
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((DOCS / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
_SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


@pytest.fixture
def exposed(client: FlaskClient) -> str:
    metrics.worker_starts()
    client.get("/v1/products/p000/creators?k=1")
    return client.get("/metrics").text


@pytest.fixture
def names(exposed: str) -> set[str]:
    families = list(text_string_to_metric_families(exposed))
    return {family.name + suffix for family in families for suffix in _SUFFIXES[family.type]}


def alert(rule: dict[str, Any]) -> str:
    return str(rule["alert"])


def metrics_in(text: str) -> set[str]:
    return set(re.findall(r"\bmatching_[a-z_]+", text))


@pytest.mark.parametrize("rule", RULES, ids=alert)
def test_an_alert_asks_for_metrics_that_there_are(rule: dict[str, Any], names: set[str]) -> None:
    asked = metrics_in(rule["expr"])
    assert asked <= names
    assert asked or rule["alert"] == "MatchingDown"


@pytest.mark.parametrize("rule", RULES, ids=alert)
def test_labels_that_an_alert_chooses_exist_from_the_start(
    rule: dict[str, Any], exposed: str
) -> None:
    """A series that first appears with its first count never increases."""
    for name, chosen in re.findall(r'(matching_\w+)\{(\w+="\w+")\}', rule["expr"]):
        assert f"{name}{{{chosen}}}" in exposed


@pytest.mark.parametrize("rule", RULES, ids=alert)
def test_an_alert_has_its_section_in_the_runbook(rule: dict[str, Any]) -> None:
    assert f"\n### {rule['alert']}\n" in RUNBOOK
    assert rule["annotations"]["runbook"] == f"docs/runbook.md#{rule['alert'].lower()}"
    assert rule["annotations"]["summary"]
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["expr"].count("(") == rule["expr"].count(")")


def test_the_runbook_speaks_of_nothing_that_is_gone(names: set[str]) -> None:
    sections = set(re.findall(r"^### (\w+)$", RUNBOOK, flags=re.MULTILINE))
    assert sections == {alert(rule) for rule in RULES}
    assert metrics_in(RUNBOOK) <= names
    links = set(re.findall(r"\(#(\w+)\)", RUNBOOK))
    assert links <= {section.lower() for section in sections}
