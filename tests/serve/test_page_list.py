"""What a merchant does with a list: other terms, why not, compare, shortlist, export, invite."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from serve.app import create_app
from tests.serve.browsing import needs_chromium, opened, rows, served
from tests.serve.fake import FakeMatcher

pytestmark = needs_chromium

ASKED = "?product_id=p000"
OUTSIDE = "?product.title=壶&product.category=家居&product.price=9&product.commission_rate=0.2"


def creator(page: Page, rank: int) -> Locator:
    return page.locator(".creators li.row").nth(rank - 1)


def act(row: Locator, name: str) -> None:
    row.get_by_role("button", name=name).click()


def chance(row: Locator) -> str:
    return row.locator(".chance").first.inner_text().replace("\n", " ")


@pytest.fixture
def told(page: Page) -> list[dict[str, Any]]:
    """The events that the page tells."""
    return taken(page)


def taken(page: Page) -> list[dict[str, Any]]:
    """Take the events that a page tells, in the place of a service, and return their list."""
    events: list[dict[str, Any]] = []

    def take(route: Route) -> None:
        body = json.loads(route.request.post_data or "")
        events.extend(body["events"])
        route.fulfill(status=202, json={"stored": len(body["events"])})

    page.route("**/v1/events", take)
    return events


# Other terms


def test_higher_commission_is_accepted_more_often_and_changes_the_order(
    page: Page, site: str
) -> None:
    page.goto(f"{site}/{ASKED}")
    assert rows(page)[:5] == ["c000", "c001", "c002", "c003", "c004"]
    before = chance(creator(page, 3))
    page.get_by_text("Try other terms").click()
    commission = page.get_by_label("Try commission %")
    expect(commission).to_have_attribute("placeholder", "Now 20%")
    commission.fill("25")
    commission.blur()
    expect(page.get_by_role("complementary", name="Trial")).to_contain_text(
        "Commission rate 25% (was 20%)"
    )
    assert rows(page)[:5] == ["c002", "c000", "c005", "c001", "c003"]
    first = creator(page, 1)
    expect(first).to_contain_text("Commission 25%")
    expect(first.locator(".moved")).to_have_text("↑22 places up from the known terms")
    expect(creator(page, 2).locator(".moved")).to_contain_text("↓1")
    was, now = re.findall(r"(\d+)%", chance(first))
    assert before == f"Accept {was}%"
    assert int(now) == int(was) + 5
    expect(page.get_by_role("complementary", name="Trial")).to_contain_text(
        re.compile(r"Mean chance to accept in this list \d+% → \d+% · \d+ moved up, \d+ down")
    )
    assert "terms.commission_rate=0.25" in page.url
    page.reload()
    assert rows(page)[0] == "c002"
    expect(page.get_by_label("Try commission %")).to_have_value("25")
    page.get_by_role("complementary").get_by_role("button", name="Back to the known").click()
    expect(page.get_by_role("complementary", name="Trial")).to_have_count(0)
    assert rows(page)[0] == "c000"


def test_all_terms_are_sent_as_fractions_and_money(page: Page, site: str) -> None:
    page.goto(f"{site}/{ASKED}")
    rows(page)
    page.get_by_text("Try other terms").click()
    filled = {
        "Try commission %": "30",
        "Service fee %": "5.5",
        "Cost of a sample": "12",
        "Own handling": "8",
        "Paid traffic": "100",
        "Commission paid by the platform, %": "50",
    }
    for label, value in filled.items():
        page.get_by_label(label).fill(value)
    page.locator("#term-slot-fee").fill("0")
    with page.expect_request(
        lambda request: (
            request.url.endswith("/v1/matches") and "subsidy_rate" in (request.post_data or "")
        )
    ) as asked:
        page.get_by_role("button", name="Find creators").click()
    assert asked.value.post_data_json["terms"] == {
        "commission_rate": 0.3,
        "slot_fee": 0,
        "service_fee_rate": 0.055,
        "sample_cost": 12,
        "handling_cost": 8,
        "ads_cost": 100,
        "subsidy_rate": 0.5,
    }


@pytest.mark.slow
def test_list_on_other_terms_stands_without_the_comparison(page: Page, site: str) -> None:
    def refuse_plain(route: Route) -> None:
        if "terms" in (route.request.post_data_json or {}):
            route.continue_()
        else:
            route.fulfill(status=503, json={"detail": "busy"})

    page.route("**/v1/matches", refuse_plain)
    page.goto(f"{site}/{ASKED}&terms.commission_rate=0.3")
    assert len(rows(page)) == 20
    expect(page.get_by_role("complementary", name="Trial")).to_contain_text("could not be compared")
    expect(page.locator(".moved")).to_have_count(0)


# Why not


def ask_about(page: Page, words: str) -> None:
    page.get_by_label("Why not this creator?").fill(words)
    page.get_by_role("button", name="Ask", exact=True).click()


def test_why_not_tells_rank_and_gap(page: Page, site: str) -> None:
    page.goto(f"{site}/{ASKED}")
    rows(page)
    ask_about(page, "c050")
    asked = page.get_by_role("region", name="Creators you asked about")
    expect(asked).to_contain_text("Ranks 51 on this question; the list ends at 20.")
    expect(asked).to_contain_text(re.compile(r"ROI is expected at 1\.35; the last .* has 2\.97"))
    expect(page.get_by_role("heading", name="Creators you asked about")).to_be_focused()
    assert len(rows(page)) == 20
    page.get_by_role("radio", name="Sales").check()
    expect(page.locator(".head .sorted")).to_have_text("Settled sales")
    expect(asked).to_contain_text("Accept × Settled sales")
    asked.get_by_role("button", name="Remove").click()
    expect(asked).to_have_count(0)


def test_why_not_tells_what_keeps_a_creator_out(page: Page, site: str) -> None:
    page.goto(f"{site}/{ASKED}&city=北京")
    rows(page)
    ask_about(page, "c000")
    asked = page.get_by_role("region", name="Creators you asked about")
    expect(asked).to_contain_text("Not considered: ")


class Narrow(FakeMatcher):
    """A matcher that ranks no more than its first thirty."""

    looked_at = 30


@pytest.fixture(scope="module")
def narrow_site() -> Iterator[str]:
    with served(create_app(Narrow)) as address:
        yield address


@pytest.mark.slow
def test_no_rank_is_told_beyond_those_looked_at(page: Page, narrow_site: str) -> None:
    page.goto(f"{narrow_site}/{ASKED}")
    rows(page)
    ask_about(page, "c050")
    asked = page.get_by_role("region", name="Creators you asked about")
    expect(asked).to_contain_text("Not among the 30 creators who were looked at")
    expect(asked.locator(".rank")).to_have_text("–")
    page.goto(f"{narrow_site}/{ASKED}&terms.commission_rate=0.6")
    listed = rows(page)
    unranked, ranked = listed.index("c032"), listed.index("c029")
    expect(creator(page, unranked + 1).locator(".moved")).to_have_count(0)
    expect(creator(page, ranked + 1).locator(".moved")).to_contain_text("↑")


@pytest.mark.slow
def test_the_newest_fifty_who_were_asked_about_are_kept(page: Page, site: str) -> None:
    def first_of(number: int) -> str:
        with page.expect_response("**/v1/matches") as answer:
            page.evaluate("id => window.asked.askAbout(id)", f"c{number:03d}")
        include: list[str] = answer.value.request.post_data_json["include"]
        assert answer.value.status == 200
        assert len(include) <= 50
        return include[0]

    page.goto(site)
    page.evaluate(
        """async (ids) => {
            const { Search } = await import("/page/search.js");
            const nothing = () => {};
            window.asked = new Search({ answered: nothing, refused: nothing, hide: nothing });
            const filters = {};
            const question = { product_id: "p000", objective: "roi", k: 10, filters };
            await window.asked.find(question, "p000");
            window.asked.about = ids;
        }""",
        [f"c{number:03d}" for number in range(60, 108)],
    )
    assert [first_of(number) for number in range(108, 112)] == ["c060", "c060", "c061", "c062"]


def test_why_not_knows_names_and_who_is_listed(page: Page, site: str) -> None:
    page.goto(f"{site}/{ASKED}")
    rows(page)
    ask_about(page, "小雨的厨房")
    expect(page.locator("#notice")).to_have_text("小雨的厨房 is in the list, at rank 1")
    expect(creator(page, 1)).to_be_focused()


@pytest.mark.slow
def test_why_not_of_an_unknown_id_is_said_beside_it(page: Page, site: str) -> None:
    page.goto(f"{site}/{ASKED}")
    rows(page)
    ask_about(page, "nobody")
    expect(page.get_by_role("alert")).to_contain_text("There is no creator “nobody”")
    assert len(rows(page)) == 20


# Compare


def test_two_creators_side_by_side(page: Page, site: str) -> None:
    page.goto(f"{site}/{ASKED}")
    rows(page)
    tray = page.get_by_role("region", name="Side by side")
    act(creator(page, 1), "Compare")
    expect(tray).to_contain_text("小雨的厨房 is chosen; choose another")
    expect(tray.get_by_role("button", name="Compare side by side")).to_be_disabled()
    act(creator(page, 2), "Compare")
    act(creator(page, 3), "Compare")
    expect(creator(page, 1).get_by_role("button", name="Compare")).to_have_attribute(
        "aria-pressed", "false"
    )
    tray.get_by_role("button", name="Compare side by side").click()
    table = page.get_by_role("dialog", name="Side by side").get_by_role("table")
    expect(table.get_by_role("columnheader")).to_have_count(3)
    roi = table.get_by_role("row").filter(has_text=re.compile("^ROI"))
    expect(roi.get_by_role("cell").first).to_contain_text("4.68better")
    expect(roi.get_by_role("cell").last).not_to_contain_text("better")
    bars = table.locator(".stage-line .stage-bar")
    expect(bars).to_have_count(10)
    expect(table.locator(".reasons")).to_have_count(2)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(tray.get_by_role("button", name="Compare side by side")).to_be_focused()
    tray.get_by_role("button", name="Clear").click()
    expect(tray).to_be_hidden()


@pytest.mark.slow
def test_lower_slot_fee_is_the_better_one(page: Page, site: str) -> None:
    page.goto(f"{site}/{ASKED}")
    rows(page)
    for rank in (2, 4):  # of these only the second asks a fee
        act(creator(page, rank), "Compare")
    page.get_by_role("button", name="Compare side by side").click()
    fee = page.get_by_role("row").filter(has_text=re.compile("^Slot fee"))
    expect(fee.get_by_role("cell").first).to_have_text("¥0better")


# Shortlist and export


def exported(page: Page, button: Locator) -> tuple[str, bytes, list[dict[str, str]]]:
    with page.expect_download() as download:
        button.click()
    content = download.value.path().read_bytes()
    lines = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    return download.value.suggested_filename, content, list(lines)


def test_shortlist_survives_and_can_be_exported(page: Page, site: str) -> None:
    page.goto(f"{site}/{ASKED}")
    rows(page)
    act(creator(page, 1), "Shortlist")
    act(creator(page, 3), "Shortlist")
    button = page.get_by_role("button", name="Shortlist, 2 creators")
    expect(page.locator("#notice")).to_contain_text("is on the shortlist")
    page.reload()
    rows(page)
    expect(creator(page, 3).get_by_role("button", name="Shortlist")).to_have_attribute(
        "aria-pressed", "true"
    )
    button.click()
    panel = page.get_by_role("dialog", name="Shortlist")
    name, content, lines = exported(page, panel.get_by_role("button", name="Export shortlist"))
    assert content.startswith(b"\xef\xbb\xbf")
    assert name == f"Shortlist 每日坚果混合装 750g {date.today()}.csv"
    assert [line["Creator id"] for line in lines] == ["c000\t", "c002\t"]
    panel.get_by_role("button", name="Shortlist", exact=True).first.click()
    expect(panel.get_by_role("listitem")).to_have_count(1)
    panel.get_by_role("button", name="Shortlist", exact=True).click()
    expect(panel).to_contain_text("Nobody is on the shortlist yet")
    expect(page.locator("#shortlist-count")).to_have_text("")


@pytest.fixture
def own_page(browser: Browser) -> Iterator[Page]:
    """A page that a test may change for good."""
    with opened(browser) as page:
        yield page


@pytest.mark.slow
def test_shortlist_works_where_the_browser_keeps_nothing(own_page: Page, site: str) -> None:
    page = own_page
    page.add_init_script(
        "for (const kind of ['localStorage', 'sessionStorage'])"
        " Object.defineProperty(window, kind, { get() { throw new DOMException('no') } })"
    )
    page.goto(f"{site}/{ASKED}")
    rows(page)
    act(creator(page, 1), "Shortlist")
    expect(page.get_by_role("button", name="Shortlist, 1 creators")).to_be_visible()
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("button", name="找达人")).to_be_visible()


class Hostile(FakeMatcher):
    """A market whose names would run in a spreadsheet, and whose ids it would round."""

    NAMES = (
        '=HYPERLINK("http://x")',
        "+1",
        "-2",
        "@cmd",
        "a,b",
        'say "hi"',
        "two\nlines",
        "a;=1+1",
        "b,@x;\t-2",
    )

    def __init__(self) -> None:
        super().__init__()
        for number, name in enumerate(self.NAMES):
            self._creators[number]["name"] = name
        self._products[0]["title"] = "=1+2 a/b:c"

    def match(self, *args: Any, **rest: Any) -> Any:
        result = super().match(*args, **rest)
        ids = ("1234567890123456789", "007", "12E5", "2026-11", "=1+1")
        for creator, mcn_id in zip(result.answer["creators"], ids, strict=False):
            creator["mcn_id"] = mcn_id
        return result


@pytest.fixture(scope="module")
def hostile_site() -> Iterator[str]:
    with served(create_app(Hostile)) as address:
        yield address


def test_export_is_harmless_to_a_spreadsheet(page: Page, hostile_site: str) -> None:
    page.goto(f"{hostile_site}/{ASKED}")
    rows(page)
    name, content, lines = exported(page, page.get_by_role("button", name="Export list as CSV"))
    assert content.startswith('\ufeff"Product","'.encode()), "text is quoted, whatever separates"
    assert name == f"Creators =1+2 a b c {date.today()}.csv"
    names = [line["Creator"] for line in lines[: len(Hostile.NAMES)]]
    assert names[:4] == [f"'{name}" for name in Hostile.NAMES[:4]]
    assert names[4:7] == list(Hostile.NAMES[4:7])
    assert names[7:] == ["a;'=1+1", "b,'@x;\t'-2"]
    assert all(line["Product"] == "'=1+2 a/b:c" for line in lines)
    told = [line["MCN"] for line in lines[:5]]
    assert told == ["1234567890123456789\t", "007\t", "12E5\t", "2026-11\t", "'=1+1\t"]
    assert all(line["Creator id"].endswith("\t") for line in lines)


def test_export_has_every_figure_of_the_list(page: Page, site: str) -> None:
    page.goto(f"{site}/{ASKED}")
    rows(page)
    _, _, lines = exported(page, page.get_by_role("button", name="Export list as CSV"))
    assert [line["Rank"] for line in lines] == [str(rank) for rank in range(1, 21)]
    first = lines[0]
    assert (first["ROI"], first["ROI low"], first["ROI high"]) == ("4.8", "3.0535", "7.5455")
    assert (first["Commission rate"], first["Channel"]) == ("0.2", "Live")
    assert (first["Currency"], first["As of"]) == ("CNY", "2026-11-20")
    stages = ("Base (log sales)", "Transform", "Reach", "Utilize", "Strengthen", "Thrive")
    total = sum(float(first[stage]) for stage in stages)
    assert round(2.718281828**total / float(first["Settled sales"]), 2) == 1
    empty = {name for name, value in first.items() if value == ""}
    assert empty == {"MCN", "Followers", "Sale probability"}


def test_export_runs_no_formula_and_keeps_ids(page: Page, site: str) -> None:
    page.goto(site)
    told = page.evaluate(
        """async () => {
          const { toCsv } = await import('/page/csv.js');
          const offer = { channel: 'live' }, predicted = {};
          const one = (creator_id, name) =>
            ({ product: { title: 'x' }, creator: { creator_id, name, offer, predicted } });
          return toCsv([one('007', 'a;=1+1'), one('12E5', '=2'), one('2026-11', 'b\t@x')]);
        }"""
    )
    assert [cell for cell in ("'=1+1", "'=2", "'@x") if cell in told] == ["'=1+1", "'=2", "'@x"]
    assert '"a;\'=1+1"' in told
    assert all(f'"{text}\t"' in told or f"{text}\t" in told for text in ("007", "12E5", "2026-11"))


# Invitations and other events


def test_marking_as_invited_is_told_once_and_remembered(
    page: Page, site: str, told: list[dict[str, Any]]
) -> None:
    page.goto(f"{site}/{ASKED}")
    rows(page)
    act(creator(page, 1), "Mark as invited")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Commission 20%")
    dialog.get_by_role("button", name="Cancel").click()
    assert "invite" not in {event["kind"] for event in told}
    act(creator(page, 1), "Mark as invited")
    dialog.get_by_role("button", name="Yes, invited").click()
    expect(page.locator("#notice")).to_have_text("Recorded: 小雨的厨房 is invited")
    [event] = [event for event in told if event["kind"] == "invite"]
    assert abs((datetime.fromisoformat(event["at"]) - datetime.now(UTC)).total_seconds()) < 60
    assert (event["product_id"], event["creator_id"], event["rank"]) == ("p000", "c000", 1)
    assert (event["bundle"], event["channel"]) == (FakeMatcher.version, "live")
    assert event["request_id"]
    assert event["terms"]["commission_rate"] == 0.2
    page.reload()
    rows(page)
    expect(creator(page, 1).get_by_role("button", name="Invited")).to_be_visible()
    expect(creator(page, 2).get_by_role("button", name="Mark as invited")).to_be_visible()


def invited(page: Page, rank: int, events: list[dict[str, Any]]) -> dict[str, Any]:
    """Mark a creator of the list as invited and return the terms that were told."""
    act(creator(page, rank), "Mark as invited")
    page.get_by_role("dialog").get_by_role("button", name="Yes, invited").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    terms: dict[str, Any] = [e for e in events if e["kind"] == "invite"][-1]["terms"]
    return terms


@pytest.mark.slow
def test_estimated_costs_are_not_told_as_terms(
    page: Page, site: str, told: list[dict[str, Any]]
) -> None:
    page.goto(f"{site}/{ASKED}")
    assert rows(page)[:2] == ["c000", "c001"]
    assert invited(page, 1, told) == {"commission_rate": 0.2}, "the costs of c000 are estimated"
    assert set(invited(page, 2, told)) == {"commission_rate", "slot_fee", "sample_cost"}
    page.goto(f"{site}/{ASKED}&terms.slot_fee=90")
    place = rows(page).index("c005") + 1
    assert invited(page, place, told) == {"commission_rate": 0.2, "slot_fee": 90}


@pytest.mark.slow
def test_invited_on_the_day_where_the_merchant_is(own_page: Page, site: str) -> None:
    page, told = own_page, taken(own_page)
    page.clock.install(time=datetime(2026, 11, 24, 18, 30, tzinfo=UTC))
    page.context.new_cdp_session(page).send(
        "Emulation.setTimezoneOverride", {"timezoneId": "Asia/Shanghai"}
    )
    page.goto(f"{site}/{ASKED}")
    rows(page)
    invited(page, 1, told)
    expect(creator(page, 1).locator("[data-act=invite]")).to_contain_text("Nov 25")


def test_invitation_that_was_not_stored_is_said_and_sent_again_under_its_id(
    page: Page, site: str
) -> None:
    sent: list[str] = []

    def fail_once(route: Route) -> None:
        [event, *_] = json.loads(route.request.post_data or "")["events"]
        if event["kind"] != "invite":
            return route.fulfill(status=202, json={"stored": 1})
        sent.append(event["event_id"])
        if len(sent) == 1:
            return route.fulfill(status=503, json={"detail": "the disk is full"})
        return route.fulfill(status=202, json={"stored": 1})

    page.route("**/v1/events", fail_once)
    page.goto(f"{site}/{ASKED}")
    rows(page)
    act(creator(page, 1), "Mark as invited")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Yes, invited").click()
    expect(dialog.get_by_role("alert")).to_contain_text("It has not been recorded")
    expect(dialog.get_by_role("alert")).to_contain_text("the disk is full")
    dialog.get_by_role("button", name="Try again").click()
    expect(dialog).to_have_count(0)
    assert len(sent) == 2 and sent[0] == sent[1]


def test_looks_are_told_quietly(page: Page, site: str, told: list[dict[str, Any]]) -> None:
    page.goto(f"{site}/{ASKED}")
    rows(page)
    act(creator(page, 2), "Why")
    act(creator(page, 2), "Hide")
    expect(page.locator("#notice")).to_contain_text("成都老周 is hidden")
    expect(creator(page, 2)).to_have_attribute("data-creator", "c002")
    assert "c001" not in rows(page)
    kinds = [event["kind"] for event in told]
    assert kinds == ["impression"] * 20 + ["view", "dismiss"] + ["impression"] * 20
    assert {event["creator_id"] for event in told[20:22]} == {"c001"}
    assert len({event["event_id"] for event in told}) == len(told)
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("button", name="找达人")).to_be_visible()
    rows(page)
    page.get_by_role("button", name="English").click()
    assert len(told) == 42, "a list that is told anew is not seen twice"
    page.get_by_text("More filters", exact=True).click()
    page.get_by_role("button", name="Remove 成都老周").click()
    page.get_by_role("button", name="Find creators").click()
    expect(creator(page, 2)).to_have_attribute("data-creator", "c001")


@pytest.mark.slow
def test_looks_that_cannot_be_told_disturb_nobody(page: Page, site: str) -> None:
    page.route("**/v1/events", lambda route: route.abort())
    page.goto(f"{site}/{ASKED}")
    rows(page)
    act(creator(page, 1), "Why")
    expect(page.get_by_role("alert")).to_have_count(0)


@pytest.mark.slow
def test_product_outside_the_catalog_has_no_events(
    page: Page, site: str, told: list[dict[str, Any]]
) -> None:
    page.goto(f"{site}/{OUTSIDE}")
    rows(page)
    invite = creator(page, 1).get_by_role("button", name="Mark as invited")
    expect(invite).to_have_attribute("aria-disabled", "true")
    invite.click(force=True)
    expect(page.locator("#notice")).to_contain_text("cannot record invitations")
    expect(page.get_by_role("dialog")).to_have_count(0)
    act(creator(page, 1), "Why")
    assert told == []
