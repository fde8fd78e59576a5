"""The page when things go wrong: refusals, no network, no key; and while it waits."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.serve.browsing import needs_chromium, opened, pick, rows, served
from tests.serve.conftest import Keyed, with_keys
from tests.serve.fake import FakeMatcher

pytestmark = needs_chromium

ASKED = "?product_id=p000"


def refuse(status: int, **headers: str) -> dict[str, object]:
    """What a route answers with instead of the service."""
    problem = {"status": status, "detail": "in the service's own words", "request_id": "r-1"}
    return {
        "status": status,
        "content_type": "application/problem+json",
        "body": json.dumps(problem),
        "headers": headers,
    }


def test_waiting_is_shown(page: Page, site: str) -> None:
    page.goto(site)
    pick(page, "口红", "哑光丝绒口红")
    page.route("**/v1/matches", lambda route: None)
    page.get_by_role("button", name="Find creators").click()
    expect(page.locator("#results")).to_have_attribute("aria-busy", "true")
    expect(page.locator("#status")).to_have_text(re.compile("Finding creators for “哑光"))
    expect(page.locator(".ghost").first).to_be_visible()


def test_what_the_service_refuses_is_said_at_the_field(page: Page, site: str) -> None:
    query = "product.title=x&product.category=食品&product.price=13&product.commission_rate=0.2"
    page.goto(f"{site}/?{query}")
    expect(page.get_by_role("alert")).to_contain_text("13 brings bad luck")
    expect(page.get_by_role("alert")).to_contain_text("Request id")
    expect(page.get_by_label("Price")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Price")).to_be_focused()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("address", "heading", "said", "way_on"),
    [
        ("?product_id=p999", "Not found", "there is no product 'p999'", "Choose another product"),
        (
            "?product_id=p001&objective=profit",
            "This cannot be answered",
            "profit needs the product's margin_rate",
            "Rank by ROI instead",
        ),
        (
            "?product_id=p000&follower_min=9&follower_max=3",
            "This cannot be answered",
            "no creator can pass both",
            "Try again",
        ),
    ],
)
def test_refusals_are_told_with_a_way_on(
    page: Page, site: str, address: str, heading: str, said: str, way_on: str
) -> None:
    page.goto(f"{site}/{address}")
    alert = page.get_by_role("alert")
    expect(alert.get_by_role("heading")).to_have_text(heading)
    expect(alert).to_contain_text(said)
    expect(alert.get_by_role("button", name=way_on)).to_be_visible()


def test_profit_without_a_margin_can_be_ranked_otherwise(page: Page, site: str) -> None:
    page.goto(f"{site}/?product_id=p001&objective=profit")
    page.get_by_role("button", name="Rank by ROI instead").click()
    assert len(rows(page)) == 20


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "heading"),
    [
        (403, "Not allowed"),
        (422, "Something is filled in wrong"),
        (500, "There is no answer"),
        (503, "The service is not ready"),
    ],
)
def test_each_refusal_has_its_sentence_and_can_be_tried_again(
    page: Page, site: str, status: int, heading: str
) -> None:
    page.route("**/v1/matches", lambda route: route.fulfill(**refuse(status)))
    page.goto(f"{site}/{ASKED}")
    alert = page.get_by_role("alert")
    expect(alert.get_by_role("heading")).to_have_text(heading)
    expect(alert).to_contain_text("in the service's own words")
    expect(alert).to_contain_text("r-1")
    page.unroute("**/v1/matches")
    alert.get_by_role("button", name="Try again").click()
    assert len(rows(page)) == 20


@pytest.mark.slow
def test_too_many_questions_wait_as_long_as_the_service_says(page: Page, site: str) -> None:
    page.route("**/v1/matches", lambda route: route.fulfill(**refuse(429, **{"Retry-After": "2"})))
    page.goto(f"{site}/{ASKED}")
    expect(page.get_by_role("heading", name="Too many questions at once")).to_be_visible()
    expect(page.get_by_role("button", name="Try again in")).to_be_disabled()
    page.unroute("**/v1/matches")
    page.get_by_role("button", name="Try again", exact=True).click()
    assert len(rows(page)) == 20


@pytest.mark.slow
def test_only_a_busy_service_says_how_long_to_wait(page: Page, site: str) -> None:
    page.route("**/v1/matches", lambda route: route.fulfill(**refuse(500, **{"Retry-After": "60"})))
    page.goto(f"{site}/{ASKED}")
    expect(page.get_by_role("button", name="Try again", exact=True)).to_be_enabled()


@pytest.mark.slow
def test_leaving_a_question_ends_the_waiting(page: Page, site: str) -> None:
    page.goto(site)
    pick(page, "口红", "哑光丝绒口红")
    page.route("**/v1/matches", lambda route: None)
    page.get_by_role("button", name="Find creators").click()
    expect(page.locator("#results")).to_have_attribute("aria-busy", "true")
    page.go_back()
    expect(page.get_by_role("list", name="My products")).to_be_visible()
    expect(page.locator("#results")).to_have_attribute("aria-busy", "false")


@pytest.mark.slow
def test_answer_of_a_gateway_in_between_is_a_refusal_too(page: Page, site: str) -> None:
    page.route("**/v1/matches", lambda route: route.fulfill(status=502, body="<h1>Bad</h1>"))
    page.goto(f"{site}/{ASKED}")
    expect(page.get_by_role("heading", name="There is no answer")).to_be_visible()


def test_unreachable_service_can_be_tried_again(page: Page, site: str) -> None:
    page.goto(site)
    pick(page, "口红", "哑光丝绒口红")
    page.route("**/v1/matches", lambda route: route.abort())
    page.get_by_role("button", name="Find creators").click()
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    page.unroute("**/v1/matches")
    page.get_by_role("button", name="Try again").click()
    assert len(rows(page)) == 20


@pytest.mark.slow
def test_failing_search_for_products_is_said_in_the_list(page: Page, site: str) -> None:
    page.goto(site)
    page.route("**/v1/products?*", lambda route: route.abort())
    page.get_by_role("combobox", name="Choose a product").click()
    expect(page.locator("#picker-list")).to_contain_text("cannot be reached")


@pytest.fixture(scope="module")
def keyed_service() -> Keyed:
    return with_keys(FakeMatcher)


@pytest.fixture(scope="module")
def keyed_site(keyed_service: Keyed) -> Iterator[str]:
    with served(keyed_service.application) as address:
        yield address


def sign_in(page: Page, key: str) -> None:
    page.get_by_label("Key").fill(key)
    page.get_by_role("button", name="Sign in").last.click()


def test_signing_in_goes_on_with_the_question(
    page: Page, keyed_site: str, keyed_service: Keyed
) -> None:
    page.goto(f"{keyed_site}/{ASKED}")
    dialog = page.get_by_role("dialog", name="Sign in")
    expect(dialog).to_be_visible()
    expect(page.get_by_label("Key")).to_be_focused()
    expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
    sign_in(page, "mk_wrong_key")
    expect(dialog.get_by_role("alert")).to_contain_text("This key is refused")
    sign_in(page, keyed_service.merchants["m0"])
    expect(dialog).to_be_hidden()
    assert len(rows(page)) == 20
    page.reload()
    assert len(rows(page)) == 20, "the key is kept while the tab is open"
    assert page.evaluate("Object.keys(localStorage).includes('key')") is False


@pytest.mark.slow
def test_remembered_key_lasts_until_signing_out(
    browser: Browser, keyed_site: str, keyed_service: Keyed
) -> None:
    with opened(browser) as page:
        page.goto(f"{keyed_site}/{ASKED}")
        page.get_by_label("Remember on this device").check()
        sign_in(page, keyed_service.merchants["m0"])
        assert len(rows(page)) == 20
        again = page.context.new_page()
        again.goto(f"{keyed_site}/{ASKED}")
        assert len(rows(again)) == 20
        again.get_by_role("button", name="Sign out").click()
        again.goto(f"{keyed_site}/{ASKED}")
        expect(again.get_by_role("dialog", name="Sign in")).to_be_visible()


@pytest.mark.slow
def test_key_that_is_revoked_meanwhile_is_asked_for_again(
    page: Page, keyed_site: str, keyed_service: Keyed
) -> None:
    page.goto(f"{keyed_site}/{ASKED}")
    sign_in(page, keyed_service.merchants["m0"])
    assert len(rows(page)) == 20

    def revoked(route: Route) -> None:
        route.fulfill(**refuse(401))

    page.route("**/v1/matches", revoked)
    page.get_by_role("button", name="Find creators").click()
    dialog = page.get_by_role("dialog", name="Sign in")
    expect(dialog.get_by_role("alert")).to_contain_text("This key is refused")
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Please sign in")).to_be_visible()
    page.unroute("**/v1/matches")
    page.get_by_role("button", name="Sign in").click()
    sign_in(page, keyed_service.merchants["m0"])
    assert len(rows(page)) == 20


def test_shop_of_another_key_is_not_told(page: Page, keyed_site: str, keyed_service: Keyed) -> None:
    page.goto(f"{keyed_site}/?product_id=p001")
    sign_in(page, keyed_service.merchants["m0"])
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()


def test_next_merchant_sees_nothing_of_the_former(
    page: Page, keyed_site: str, keyed_service: Keyed
) -> None:
    page.goto(keyed_site)
    sign_in(page, keyed_service.merchants["m0"])
    offered = page.get_by_role("list", name="My products")
    expect(offered).to_contain_text("每日坚果")
    offered.get_by_role("link").first.click()
    rows(page)
    page.locator("[data-act=compare]").first.click()
    page.locator("[data-act=shortlist]").first.click()
    expect(page.locator("#tray")).to_be_visible()
    page.locator("#shortlist").click()
    panel = page.get_by_role("dialog", name="Shortlist")
    expect(panel.get_by_role("listitem")).to_have_count(1)
    # As if another tab had signed in with another key.
    page.evaluate(
        """key => {
            sessionStorage.removeItem("key");
            localStorage.setItem("key", key);
            dispatchEvent(new StorageEvent("storage", { key: "key" }));
        }""",
        keyed_service.merchants["m1"],
    )
    expect(panel).to_have_count(0)
    expect(page.locator("#tray")).to_be_hidden()
    expect(page.locator("#shortlist-count")).to_have_text("")
    expect(page.locator("#answer")).not_to_contain_text("每日坚果")
    expect(page.locator(".creators")).to_have_count(0)
    expect(page.get_by_role("combobox", name="Choose a product")).to_have_value("")
    page.go_back()
    expect(offered).to_contain_text("手工红糖姜茶")
    expect(offered).not_to_contain_text("每日坚果")


@pytest.mark.slow
def test_another_key_after_a_refusal_clears_what_was_told(
    page: Page, keyed_site: str, keyed_service: Keyed
) -> None:
    page.goto(f"{keyed_site}/{ASKED}")
    sign_in(page, keyed_service.merchants["m0"])
    rows(page)
    page.locator("[data-act=compare]").first.click()
    page.locator("[data-act=shortlist]").first.click()
    page.route("**/v1/matches", lambda route: route.fulfill(**refuse(401)))
    page.get_by_role("button", name="Find creators").click()
    expect(page.get_by_role("dialog", name="Sign in")).to_be_visible()
    page.unroute("**/v1/matches")
    sign_in(page, keyed_service.merchants["m1"])
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()
    expect(page.locator("#tray")).to_be_hidden()
    expect(page.locator("#shortlist-count")).to_have_text("")
