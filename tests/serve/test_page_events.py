"""What the page tells the service is stored: an invitation, and that the creator was invited."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from serve.app import create_app
from serve.events import read_events
from tests.serve.browsing import needs_chromium, rows, served
from tests.serve.fake import FakeMatcher

pytestmark = needs_chromium


@pytest.fixture
def service() -> Flask:
    return create_app(FakeMatcher)


@pytest.fixture
def own_site(service: Flask) -> Iterator[str]:
    """A service whose store nobody else has written to."""
    with served(service) as address:
        yield address


def stored(service: Flask, kind: str) -> list[Any]:
    found = [event for chunk in read_events(service.extensions["store"]) for event in chunk]
    return [event for event in found if event.kind == kind]


def test_invited_creator_is_stored_and_new_no_more(
    page: Page, own_site: str, service: Flask
) -> None:
    page.goto(f"{own_site}/?product_id=p000&only_new=true&terms.commission_rate=0.25")
    first = rows(page)[0]
    row = page.locator(".creators li.row").first
    row.get_by_role("button", name="Why").click()
    row.get_by_role("button", name="Mark as invited").click()
    page.get_by_role("button", name="Yes, invited").click()
    expect(page.locator("#notice")).to_contain_text("is invited")
    page.wait_for_load_state("networkidle")
    [event] = stored(service, "invite")
    assert (event.product_id, event.creator_id, event.rank) == ("p000", first, 1)
    assert '"commission_rate": 0.25' in event.terms
    assert len(stored(service, "impression")) == 20
    assert [event.creator_id for event in stored(service, "view")] == [first]
    page.get_by_role("button", name="Find creators").click()
    expect(page.locator(f".creators [data-creator={first}]")).to_have_count(0)
    assert len(rows(page)) == 20
