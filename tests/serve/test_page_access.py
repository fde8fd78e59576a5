"""The page for everybody: axe in every state, the keyboard alone, a phone's width."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.serve.browsing import DESK, PHONE, needs_chromium, opened, rows, served
from tests.serve.conftest import with_keys
from tests.serve.fake import FakeMatcher

pytestmark = needs_chromium

ASKED = "?product_id=p000"
FEW = f"{ASKED}&follower_min=50000000"  # what axe has to say of one row it says of all
TRIAL = f"{FEW}&terms.commission_rate=0.3"


@pytest.fixture(scope="module")
def keyed_site() -> Iterator[str]:
    with served(with_keys(FakeMatcher).application) as address:
        yield address


def start(page: Page, site: str) -> None:
    page.goto(site)
    page.locator("#terms > summary").click()
    page.locator(".more").evaluate("part => { part.open = part.closest('#filters').open = true }")


def choosing(page: Page, site: str) -> None:
    page.goto(site)
    page.locator("#picker").click()
    expect(page.locator("#picker-list li").first).to_be_visible()


def trial_with_reasons(page: Page, site: str) -> None:
    page.goto(f"{site}/{TRIAL}")
    rows(page)
    page.locator(".act.why").first.click()
    page.locator(".profile .link").first.click()
    expect(page.locator(".profile li").first).to_be_visible()
    if page.locator(".ask-about > summary").is_visible():
        page.locator(".ask-about > summary").click()
    page.locator("#why-not").fill("c000")
    page.keyboard.press("Enter")
    expect(page.locator(".asked-about")).to_be_visible()


def comparison(page: Page, site: str) -> None:
    page.goto(f"{site}/{FEW}")
    rows(page)
    for place in range(2):
        page.locator("[data-act=compare]").nth(place).click()
    page.locator("#tray-show").click()


def shortlist(page: Page, site: str) -> None:
    page.goto(f"{site}/{FEW}")
    rows(page)
    page.locator("[data-act=shortlist]").first.click()
    page.locator("#shortlist").click()


def invitation(page: Page, site: str) -> None:
    page.goto(f"{site}/{FEW}")
    rows(page)
    page.locator("[data-act=invite]").first.click()


def nobody(page: Page, site: str) -> None:
    page.goto(f"{site}/{ASKED}&city=Atlantis")
    expect(page.locator("#answer-title")).to_be_visible()


def refusal(page: Page, site: str) -> None:
    page.goto(f"{site}/?product_id=p001&objective=profit")
    expect(page.get_by_role("alert")).to_be_visible()


def track_record(page: Page, site: str) -> None:
    page.goto(site)
    page.locator("#record").click()
    expect(page.locator(".cases").first).to_be_visible()


STATES = (
    start,
    choosing,
    trial_with_reasons,
    comparison,
    shortlist,
    invitation,
    nobody,
    refusal,
    track_record,
)


def faults(page: Page) -> list[str]:
    """What axe finds serious, told so that it can be found again."""
    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


def is_inside(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def outside_of_list(page: Page) -> list[str]:
    """What stands out of the box of the list."""
    found: list[str] = page.evaluate(
        "(edge => [...document.querySelectorAll('.creators .row *')]"
        ".filter(part => part.getBoundingClientRect().right > edge)"
        ".map(part => part.outerHTML.slice(0, 80)))"
        "(document.querySelector('.creators').getBoundingClientRect().right)"
    )
    return found


@pytest.mark.parametrize(
    ("size", "locale", "scheme"),
    [
        (DESK, "en-US", "light"),
        (PHONE, "zh-CN", "light"),
        pytest.param(DESK, "zh-CN", "light", marks=pytest.mark.slow),
        pytest.param(PHONE, "en-US", "light", marks=pytest.mark.slow),
        pytest.param(DESK, "en-US", "dark", marks=pytest.mark.slow),
        pytest.param(PHONE, "zh-CN", "dark", marks=pytest.mark.slow),
    ],
)
def test_axe_finds_no_serious_fault(
    browser: Browser, site: str, size: tuple[int, int], locale: str, scheme: str
) -> None:
    with opened(browser, size, locale, scheme) as page:
        for show in STATES:
            show(page, site)
            assert faults(page) == [], show.__name__
            assert is_inside(page), show.__name__


def test_axe_finds_no_serious_fault_in_signing_in(page: Page, keyed_site: str) -> None:
    page.goto(f"{keyed_site}/{ASKED}")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_role("button", name="Sign in").last.click()
    for width, height in (DESK, PHONE):
        page.set_viewport_size({"width": width, "height": height})
        assert faults(page) == []
        assert is_inside(page)


def press_until(page: Page, key: str, there: Callable[[], bool], most: int = 80) -> None:
    """Press a key until the focus is where it should be."""
    for _ in range(most):
        if there():
            return
        page.keyboard.press(key)
    raise AssertionError(f"{most} times {key}, and not there yet")


def focused(page: Page) -> str:
    return str(
        page.evaluate(
            "(e => e.getAttribute('aria-label') || e.labels?.[0]?.textContent || e.textContent)"
            "(document.activeElement)"
        )
    ).strip()


def test_walk_with_the_keyboard_alone(page: Page, site: str) -> None:
    page.goto(site)
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the results"
    press_until(page, "Tab", lambda: focused(page) == "Choose a product")
    page.keyboard.type("红糖")
    expect(page.get_by_role("option", name="手工红糖姜茶").first).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    rows(page)
    press_until(page, "Tab", lambda: focused(page) == "Why", most=60)
    page.keyboard.press("Enter")
    expect(page.locator(".reasons").first).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.locator("#shortlist-count")).to_have_text("1")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    press_until(page, "Tab", lambda: focused(page) == "Why")
    press_until(page, "Tab", lambda: focused(page) == "Compare")
    page.keyboard.press("Space")
    press_until(page, "Shift+Tab", lambda: focused(page) == "Shortlist, 1 creators")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Shortlist")
    expect(dialog).to_be_visible()
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement === document.body"
            " || Boolean(document.activeElement.closest('dialog'))"
        ), "the focus stays inside the panel"
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert focused(page) == "Shortlist, 1 creators"


def test_objective_is_changed_with_the_arrows(page: Page, site: str) -> None:
    page.goto(f"{site}/{ASKED}")
    rows(page)
    page.get_by_role("radio", name="ROI").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".head .sorted")).to_have_text("Settled sales")
    expect(page.get_by_role("radio", name="Sales")).to_be_focused()


def test_question_folds_above_the_list_on_a_phone(phone: Page, site: str) -> None:
    phone.goto(site)
    phone.get_by_role("combobox", name="Choose a product").fill("坚果")
    phone.get_by_role("option", name="每日坚果").first.click()
    phone.get_by_role("button", name="Find creators").click()
    rows(phone)
    expect(phone.get_by_role("button", name="Find creators")).to_be_hidden()
    change = phone.get_by_role("button", name="Change")
    expect(change).to_contain_text("每日坚果混合装 750g · ROI")
    change.click()
    expect(change).to_be_hidden()
    phone.get_by_text("Filters", exact=True).click()
    phone.get_by_label("Creator’s city").fill("成都")
    phone.get_by_role("button", name="Find creators").click()
    expect(change).to_contain_text("1 filters")
    assert len(rows(phone)) == 20
    expect(phone.locator("li.row").first.get_by_role("button", name="Why")).to_be_visible()


def test_nothing_sticks_out_at_any_width(page: Page, site: str) -> None:
    page.goto(f"{site}/{TRIAL}")
    rows(page)
    page.locator(".act.why").first.click()
    for width in (320, 375, 640, 820, 901, 1010, 1011, 1360, 1361, 1920):
        page.set_viewport_size({"width": width, "height": 800})
        assert is_inside(page), width
        assert outside_of_list(page) == [], width
