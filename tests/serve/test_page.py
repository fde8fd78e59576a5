"""The page in a real browser, against a matcher with an obvious market."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright
from werkzeug.serving import make_server

from serve.app import create_app
from tests.serve.fake import FakeMatcher

CHROMIUM = next(
    (
        path
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (path := shutil.which(name))
    ),
    None,
)
ARGUMENTS = (
    *("--no-sandbox", "--headless", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--no-first-run", "--disable-quic"),
)
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="Chromium is not installed (Debian: apt-get install chromium)"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        browser.close()


def serve(matcher: FakeMatcher) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, create_app(lambda: matcher), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    yield from serve(FakeMatcher())


@pytest.fixture(scope="module")
def vietnamese_site() -> Iterator[str]:
    """A shop that pays commission only: every ROI is the same."""
    yield from serve(FakeMatcher(currency="VND", scale=3500, degenerate=True))


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    yield from open_page(browser, width=1440, height=900)


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    yield from open_page(browser, width=375, height=720)


def open_page(browser: Browser, width: int, height: int) -> Iterator[Page]:
    """A page on which nothing may go wrong, and which may ask nobody but the service."""
    context = browser.new_context(viewport={"width": width, "height": height}, locale="en-US")
    page = context.new_page()
    page.set_default_timeout(10_000)
    wrong: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        # The browser reports a refusal that the page shows; what matters is that it shows it.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            wrong.append(message.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: "127.0.0.1" in request.url or wrong.append(request.url))
    yield page
    context.close()
    assert wrong == []


def rows(page: Page) -> list[str]:
    expect(page.locator("#results")).to_have_attribute("aria-busy", "false")
    return [row.get_attribute("data-creator") or "" for row in page.locator("li.row").all()]


def pick(page: Page, words: str, title: str) -> None:
    page.get_by_role("combobox", name="Choose a product").fill(words)
    page.get_by_role("option", name=title).first.click()


def test_merchant_finds_creators(page: Page, site: str) -> None:
    page.goto(site)
    pick(page, "牛肉干", "老字号麻辣牛肉干")
    page.get_by_role("button", name="Find creators").click()
    expect(page.get_by_role("heading", level=2)).to_have_text(
        "20 creators for “老字号麻辣牛肉干 500g”"
    )
    assert rows(page) == [f"c{number:03d}" for number in range(20)]
    first = page.locator("li.row").first
    expect(first.locator(".c-roi .figure")).to_have_text("4.80")
    expect(first.locator(".c-roi .range")).to_have_text("3.05 – 7.55")
    expect(first).to_contain_text("Commission 20%")
    expect(first).to_contain_text("costs estimated")
    expect(first.locator(".reasons li")).to_have_count(4)
    expect(first.locator(".evidence li")).to_have_count(5)
    expect(page.locator(".key")).to_contain_text("ROI 2.50 breaks even at a margin of 40%")
    expect(page.get_by_role("status")).to_have_text("20 creators found")
    assert page.title().startswith("老字号麻辣牛肉干")


def test_product_is_picked_with_the_keyboard(page: Page, site: str) -> None:
    page.goto(site)
    picker = page.get_by_role("combobox", name="Choose a product")
    picker.focus()
    page.keyboard.press("ArrowDown")
    expect(picker).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    expect(picker).to_have_attribute("aria-activedescendant", "option-1")
    page.keyboard.press("Enter")
    expect(picker).to_have_value("手工红糖姜茶 12袋")
    expect(picker).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Enter")
    assert len(rows(page)) == 20


def test_all_products_can_be_reached(page: Page, site: str) -> None:
    page.goto(site)
    page.get_by_role("combobox", name="Choose a product").click()
    for loaded in (20, 40):
        expect(page.locator("#picker-list li")).to_have_count(loaded + 1)
        page.get_by_role("option", name="Load more").click()
    expect(page.locator("#picker-list li")).to_have_count(60)


def test_filters_and_objective_stand_in_the_address(page: Page, site: str) -> None:
    page.goto(f"{site}/?product_id=p000")
    assert len(rows(page)) == 20
    page.get_by_label("Creator’s city").fill("成都")
    page.keyboard.press("Enter")
    page.get_by_label("Followers ≥").fill("5000")
    page.get_by_role("button", name="Find creators").click()
    page.wait_for_url(re.compile("follower_min=5000"))
    expect(page.locator("li.row")).to_have_count(18)
    for row in page.locator("li.row").all():
        expect(row).to_contain_text("成都")
    expect(page.locator(".notes")).to_contain_text("removed (")
    page.get_by_role("radio", name="Sales").check()
    page.wait_for_url(re.compile("objective=gmv"))
    expect(page.locator(".head .sorted")).to_have_text("Settled sales")

    shared = page.url
    page.goto("about:blank")
    page.goto(shared)
    expect(page.locator("li.row")).to_have_count(18)
    expect(page.get_by_label("Followers ≥")).to_have_value("5000")
    expect(page.get_by_role("combobox", name="Choose a product")).to_have_value(
        "每日坚果混合装 750g"
    )


def test_back_returns_to_the_question_before(page: Page, site: str) -> None:
    page.goto(f"{site}/?product_id=p000&city=北京")
    expect(page.locator("li.row")).to_have_count(20)
    page.get_by_role("button", name="Clear filters").click()
    expect(page.locator("li.row").first).to_contain_text("成都")
    page.go_back()
    expect(page.locator("li.row").first).to_contain_text("北京")
    expect(page.locator(".tag")).to_have_text(re.compile("北京"))


def test_product_outside_the_catalog(page: Page, site: str) -> None:
    page.goto(site)
    page.get_by_role("radio", name="New product").check()
    page.get_by_role("button", name="Find creators").click()
    expect(page.locator("#new-title")).to_be_focused()
    expect(page.locator(".fault:visible")).to_have_count(4)
    page.get_by_label("Title").fill("手冲咖啡壶")
    page.get_by_label("Category", exact=True).fill("家居/厨具")
    page.get_by_label("Price").fill("199")
    page.get_by_label("Commission %").fill("15.5")
    page.get_by_label("Margin %").fill("45")
    page.get_by_role("button", name="Find creators").click()
    expect(page.get_by_role("heading", level=2)).to_have_text("20 creators for “手冲咖啡壶”")
    expect(page.locator("li.row").first).to_contain_text("Commission 15.5%")
    page.reload()
    expect(page.get_by_label("Commission %")).to_have_value("15.5")
    assert len(rows(page)) == 20


def test_no_product_chosen(page: Page, site: str) -> None:
    page.goto(site)
    page.get_by_role("button", name="Find creators").click()
    expect(page.get_by_text("Choose a product first")).to_be_visible()
    expect(page.get_by_role("combobox", name="Choose a product")).to_be_focused()


def test_what_the_service_refuses_is_said_at_the_field(page: Page, site: str) -> None:
    query = "product.title=x&product.category=食品&product.price=13&product.commission_rate=0.2"
    page.goto(f"{site}/?{query}")
    expect(page.get_by_role("alert")).to_contain_text("13 brings bad luck")
    expect(page.get_by_role("alert")).to_contain_text("Request id")
    expect(page.get_by_label("Price")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Price")).to_be_focused()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("?product_id=p999", "there is no product 'p999'"),
        ("?product_id=p001&objective=profit", "profit needs the product's margin_rate"),
        ("?product_id=p000&follower_min=9&follower_max=3", "no creator can pass both"),
    ],
)
def test_refusals_are_shown_as_the_service_says_them(
    page: Page, site: str, address: str, said: str
) -> None:
    page.goto(f"{site}/{address}")
    expect(page.get_by_role("alert")).to_contain_text(said)
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)


def test_unreachable_service_can_be_tried_again(page: Page, site: str) -> None:
    page.goto(site)
    pick(page, "口红", "哑光丝绒口红")
    page.route("**/v1/matches", lambda route: route.abort())
    page.get_by_role("button", name="Find creators").click()
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    page.unroute("**/v1/matches")
    page.get_by_role("button", name="Try again").click()
    assert len(rows(page)) == 20


def test_nobody_found(page: Page, site: str) -> None:
    page.goto(f"{site}/?product_id=p000&city=Atlantis")
    expect(page.get_by_role("heading", level=2)).to_have_text("No creator passes")
    page.locator("main").get_by_role("button", name="Clear filters").click()
    assert len(rows(page)) == 20


def test_waiting_is_shown(page: Page, site: str) -> None:
    page.goto(site)
    pick(page, "口红", "哑光丝绒口红")
    page.route("**/v1/matches", lambda route: None)
    page.get_by_role("button", name="Find creators").click()
    expect(page.locator("#results")).to_have_attribute("aria-busy", "true")
    expect(page.get_by_role("status")).to_have_text(re.compile("Finding creators for “哑光"))
    expect(page.locator(".ghost").first).to_be_visible()


def test_both_languages(page: Page, site: str) -> None:
    page.goto(f"{site}/?product_id=p000")
    assert len(rows(page)) == 20
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("button", name="找达人")).to_be_visible()
    expect(page.get_by_role("heading", level=2)).to_have_text(
        "为「每日坚果混合装 750g」推荐 20 位达人"
    )
    expect(page.locator("li.row").first).to_contain_text("佣金 20%")
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    page.reload()
    expect(page.get_by_role("button", name="找达人")).to_be_visible()


def test_roi_that_says_nothing_is_shown_so(page: Page, vietnamese_site: str) -> None:
    page.goto(f"{vietnamese_site}/?product_id=p001")
    assert len(rows(page)) == 20
    expect(page.locator(".notes")).to_contain_text("ROI")
    first = page.locator("li.row").first
    expect(first.locator(".c-roi")).to_contain_text("ROI tells nothing")
    expect(first.locator(".c-roi svg")).to_have_count(0)
    expect(page.locator(".head .sorted")).to_have_text("Settled sales")
    expect(first.locator(".c-sales .figure")).to_have_text(re.compile(r"^₫[\d.]+M$"))
    expect(first).to_contain_text("Margin unknown")


def test_phone(phone: Page, site: str) -> None:
    phone.goto(f"{site}/?product_id=p000&city=成都")
    assert len(rows(phone)) == 20
    assert phone.evaluate("document.documentElement.scrollWidth") <= 375
    first = phone.locator("li.row").first
    expect(first.locator(".reasons")).to_be_hidden()
    first.get_by_text("Why", exact=True).click()
    expect(first.locator(".reasons")).to_be_visible()
    phone.get_by_text("Filters", exact=True).click()
    expect(phone.get_by_label("Creator’s city")).to_be_visible()
    assert phone.evaluate("document.documentElement.scrollWidth") <= 375


def test_documentation_works_without_a_network(page: Page, site: str) -> None:
    page.goto(f"{site}/docs")
    expect(page.get_by_text("/v1/matches", exact=True)).to_be_visible()


def test_every_input_has_a_name(page: Page, site: str) -> None:
    page.goto(site)
    unnamed = page.evaluate(
        "[...document.querySelectorAll('input, select, textarea, button')]"
        ".filter(i => !i.labels?.length && !i.textContent.trim() && !i.ariaLabel)"
        ".map(i => i.outerHTML)"
    )
    assert unnamed == []


def test_page_has_no_words_of_its_own() -> None:
    """Every visible word is in text.js, in both languages, and every key that is used is there."""
    folder = Path(__file__).parents[2] / "serve" / "page"
    words = folder.joinpath("text.js").read_text(encoding="utf-8")
    known = set(re.findall(r"^  (\w+): \[", words, re.M))
    used: set[str] = set()
    for file in folder.glob("*.js"):
        used |= set(re.findall(r'\bsay\("(\w+)"', file.read_text(encoding="utf-8")))
    html = folder.joinpath("index.html").read_text(encoding="utf-8")
    used |= set(re.findall(r'data-(?:text|placeholder|label)="(\w+)"', html))
    assert used <= known
