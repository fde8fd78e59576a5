"""Asking a service everything that its own document allows, and much that it forbids."""

from __future__ import annotations

import logging
from collections import Counter

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode

from serve.app import Application


def check_conformance(
    service: Application | str,
    key: str,
    examples: int,
    product_id: str,
    creator_id: str,
    week: str = "2026-W47",
) -> Counter[str]:
    """Run so many cases per operation; return how many ran, by operation.

    `service` is an application, or the address of a running one; `key` is the operator's.
    Valid requests must be answered, invalid ones refused, and every answer be as documented.
    A third of them ask about these ids and this week: made-up ones are only ever unknown, as most
    times are long ago or far ahead.
    """
    known = {
        "product_id": product_id,
        "creator_id": creator_id,
        "week": week,
        "at": "2024-11-20T08:00:00+08:00",
    }

    def about_known_ones(case: Case) -> Case:
        for part in (case.path_parameters, *_parts(case.body)):
            if isinstance(part, dict):
                part.update({name: value for name, value in known.items() if name in part})
        return case

    if isinstance(service, str):
        schema = schemathesis.openapi.from_url(f"{service}/openapi.json")
    else:
        schema = schemathesis.openapi.from_wsgi("/openapi.json", service)
    for check in ("negative_data_rejection", "positive_data_acceptance"):
        config = getattr(schema.config.checks, check)
        config.expected_statuses = [*config.expected_statuses, "414"]  # long lists in an address
    cases: Counter[str] = Counter()
    logging.getLogger("matching.request").setLevel(logging.CRITICAL)
    for found in schema.get_all_operations():
        operation = found.ok()
        valid, invalid = (
            operation.as_strategy(generation_mode=mode)
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
        )

        @given(case=valid.map(about_known_ones) | valid | invalid)
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def hold(case: Case) -> None:
            cases[case.operation.label] += 1
            case.call_and_validate(headers={"Authorization": f"Bearer {key}"})

        hold()
    return cases


def _parts(body: object) -> list[dict[str, object]]:
    """Return the objects of a body that may name a product: itself, and each of its events."""
    if not isinstance(body, dict):
        return []
    inner = body.get("events")
    return [body, *(part for part in inner if isinstance(part, dict))] if inner else [body]
