"""The page in a real browser: asking, against a matcher with an obvious market."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from serve.app import create_app
from tests.serve.browsing import needs_chromium, pick, rows, served
from tests.serve.fake import FakeMatcher

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def vietnamese_site() -> Iterator[str]:
    """A shop that pays commission only: every ROI is the same."""
    matcher = FakeMatcher(currency="VND", scale=3500, degenerate=True)
    with served(create_app(lambda: matcher)) as address:
        yield address


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
    expect(first.get_by_role("img", name="Effect on expected sales")).to_have_attribute(
        "aria-label", re.compile("Transform × .*Thrive × ")
    )
    expect(page.locator(".key")).to_contain_text("ROI 2.50 breaks even at a margin of 40%")
    expect(page.locator("#status")).to_have_text("20 creators found")
    assert page.title().startswith("老字号麻辣牛肉干")


def test_reasons_on_demand(page: Page, site: str) -> None:
    page.goto(f"{site}/?product_id=p000")
    first = page.locator("li.row").first
    expect(first.locator(".reasons")).to_have_count(0)
    first.get_by_role("button", name="Why").click()
    expect(first.get_by_role("button", name="Why")).to_have_attribute("aria-expanded", "true")
    expect(first.locator(".reasons li")).to_have_count(4)
    expect(first.locator(".evidence li")).to_have_count(5)
    first.get_by_role("button", name="Why").click()
    expect(first.locator(".reasons")).to_be_hidden()


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
    page.get_by_label("Commission %", exact=True).fill("15.5")
    page.get_by_label("Margin %").fill("45")
    page.get_by_role("button", name="Find creators").click()
    expect(page.get_by_role("heading", level=2)).to_have_text("20 creators for “手冲咖啡壶”")
    expect(page.locator("li.row").first).to_contain_text("Commission 15.5%")
    page.reload()
    expect(page.get_by_label("Commission %", exact=True)).to_have_value("15.5")
    assert len(rows(page)) == 20


def test_no_product_chosen(page: Page, site: str) -> None:
    page.goto(site)
    page.get_by_role("button", name="Find creators").click()
    expect(page.get_by_text("Choose a product first")).to_be_visible()
    expect(page.get_by_role("combobox", name="Choose a product")).to_be_focused()


def test_nobody_found(page: Page, site: str) -> None:
    page.goto(f"{site}/?product_id=p000&city=Atlantis")
    expect(page.get_by_role("heading", level=2)).to_have_text("No creator passes")
    page.locator("main").get_by_role("button", name="Clear filters").click()
    assert len(rows(page)) == 20


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


@pytest.mark.slow
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


def test_documentation_works_without_a_network(page: Page, site: str) -> None:
    page.goto(f"{site}/docs")
    expect(page.get_by_text("/v1/matches", exact=True)).to_be_visible()


def test_page_has_no_words_of_its_own() -> None:
    """Every visible word is in text.js; every key that is used is there, and none that is not."""
    folder = Path(__file__).parents[2] / "serve" / "page"
    words = folder.joinpath("text.js").read_text(encoding="utf-8")
    known = set(re.findall(r"^  (\w+): \[", words, re.M))
    html = folder.joinpath("index.html").read_text(encoding="utf-8")
    used = set(re.findall(r'data-(?:text|placeholder|label)="(\w+)"', html))
    literals = set(used)
    for file in folder.glob("*.js"):
        code = file.read_text(encoding="utf-8")
        used |= set(re.findall(r'\bsay\("(\w+)"', code))
        literals |= set(re.findall(r'"(\w+)"', code))
    assert used <= known
    by_value = re.compile(r"fault(\d+|Other)(Text)?|objective(Roi|Gmv|Profit)")
    assert {key for key in known - literals if not by_value.fullmatch(key)} == set()


def test_every_word_is_there_in_both_languages(page: Page, site: str) -> None:
    page.goto(site)
    words = page.evaluate("import('/page/text.js').then(text => text.WORDS)")
    assert len(words) > 100
    for key, pair in words.items():
        assert len(pair) == 2 and all(pair), key
        named = [sorted(re.findall(r"{\w+}", text)) for text in pair]
        assert named[0] == named[1], key


def test_products_are_offered_to_begin_with(page: Page, site: str) -> None:
    page.goto(site)
    offered = page.get_by_role("list", name="My products").get_by_role("link")
    expect(offered).to_have_count(8)
    offered.nth(2).click()
    expect(page.get_by_role("heading", level=2)).to_contain_text("老字号麻辣牛肉干")
    page.go_back()
    expect(offered.first).to_be_visible()
