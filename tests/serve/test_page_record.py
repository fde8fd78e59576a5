"""The page's panel with the track record, and what it tells of a creator."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.serve.browsing import needs_chromium, rows

pytestmark = needs_chromium

ASKED = "?product_id=p000"


def open_record(page: Page, address: str) -> Locator:
    page.goto(address)
    page.get_by_role("button", name="Track record").click()
    return page.get_by_role("dialog", name="Track record")


def test_record_tells_promised_and_settled(page: Page, site: str) -> None:
    panel = open_record(page, site)
    expect(panel).to_contain_text("The sums count the 60 of 120 that were predicted")
    totals = panel.locator(".totals > div")
    expect(totals).to_have_text(
        [
            "Collaborations that ended60Published 30 · Predicted 54",
            "Settled sales in all¥81.0KPredicted ¥54.0K",
            "ROI in all3.16Predicted 3.00",
            "Inside the interval0%Should be about 80%, of 30",
        ]
    )
    worst, newest = panel.locator(".cases").all()[:2]
    expect(worst.get_by_role("listitem")).to_have_count(5)
    expect(newest.get_by_role("listitem")).to_have_count(20)
    first = newest.get_by_role("listitem").first
    expect(first).to_contain_text(re.compile(r"Actual ¥[\d.]+K?Predicted ¥[\d.]+K?"))
    expect(first.get_by_role("img", name="Predicted")).to_have_count(1)
    expect(panel.locator(".miss", has_text="Never published").first).to_be_visible()
    expect(panel.locator(".miss", has_text="Outside the interval").first).to_be_visible()


def test_whole_record_can_be_reached(page: Page, site: str) -> None:
    panel = open_record(page, site)
    items = panel.locator(".cases").nth(1).locator("..").get_by_role("listitem")
    for count in (20, 40, 60):
        expect(items).to_have_count(count)
        panel.get_by_role("button", name="20 more").click()
    expect(items.nth(60).get_by_role("heading")).to_be_focused()


def test_record_that_cannot_be_had_can_be_tried_again(page: Page, site: str) -> None:
    page.route("**/v1/track-record*", lambda route: route.abort())
    panel = open_record(page, site)
    expect(panel.get_by_role("alert")).to_contain_text("cannot be reached")
    page.unroute("**/v1/track-record*")
    panel.get_by_role("button", name="Try again").click()
    expect(panel.locator(".cases").first).to_be_visible()


def test_record_without_cases_says_so(page: Page, site: str) -> None:
    page.route(
        "**/v1/track-record*",
        lambda route: route.fulfill(
            json={"totals": {"all": {"cases": 0}}, "worst": [], "items": [], "notes": []}
        ),
    )
    panel = open_record(page, site)
    expect(panel).to_contain_text("No collaboration has come to an end yet")


def test_profile_and_creators_alike_on_demand(page: Page, site: str) -> None:
    page.goto(f"{site}/{ASKED}")
    rows(page)
    first = page.locator(".creators li.row").first
    first.get_by_role("button", name="Why").click()
    first.get_by_role("button", name="Profile and creators alike").click()
    expect(first.get_by_role("heading", name="Public profile")).to_be_visible()
    alike = first.locator(".profile").get_by_role("listitem")
    expect(alike).to_have_count(6)
    alike.first.get_by_role("button").click()
    expect(page.locator("#notice")).to_have_text("李姐严选 is in the list, at rank 6")
    alike.last.get_by_role("button").click()
    asked = page.get_by_role("region", name="Creators you asked about")
    expect(asked).to_contain_text("Ranks 31")
