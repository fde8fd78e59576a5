"""A real browser on the page, on which nothing may go wrong unseen."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Error,
    Page,
    Request,
    expect,
    sync_playwright,
)
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
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="Chromium is not installed (Debian: apt-get install chromium)"
)
DESK, PHONE = (1440, 900), (390, 844)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The address of a service without keys."""
    with served(create_app(FakeMatcher)) as address:
        yield address


@pytest.fixture(scope="module")
def desk_tab(browser: Browser) -> Iterator[Page]:
    """A tab as wide as a desk's screen: each takes a second to open, so tests use it in turn."""
    with tab(browser) as page:
        yield page


@pytest.fixture(scope="module")
def phone_tab(browser: Browser) -> Iterator[Page]:
    """A tab as narrow as a phone's screen."""
    with tab(browser, size=PHONE) as page:
        yield page


@pytest.fixture
def page(desk_tab: Page) -> Iterator[Page]:
    """A page as wide as a desk's screen, in English, in a browser that remembers nothing.

    What cannot be taken back, such as scripts that run first or another clock, is for `opened`.
    """
    with lent(desk_tab, DESK):
        yield desk_tab


@pytest.fixture
def phone(phone_tab: Page) -> Iterator[Page]:
    """A page as narrow as a phone's screen, in English, in a browser that remembers nothing."""
    with lent(phone_tab, PHONE):
        yield phone_tab


@contextmanager
def served(application: Flask) -> Iterator[str]:
    """Serve an application and yield its address."""
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def opened(
    browser: Browser, size: tuple[int, int] = DESK, locale: str = "en-US", scheme: str = "light"
) -> Iterator[Page]:
    """A tab of its own, that asks nobody but the service, and in which no script fails."""
    with tab(browser, size, locale, scheme) as page, watched(page):
        yield page


@contextmanager
def tab(
    browser: Browser, size: tuple[int, int] = DESK, locale: str = "en-US", scheme: str = "light"
) -> Iterator[Page]:
    """A tab of a browser that remembers nothing of others."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        locale=locale,
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.set_default_timeout(10_000)
    yield page
    context.close()


@contextmanager
def lent(page: Page, size: tuple[int, int]) -> Iterator[None]:
    """Watch a tab, and leave it in the end as it was."""
    with watched(page):
        yield
        page.unroute_all(behavior="ignoreErrors")
        if page.url.startswith("http"):
            page.evaluate("localStorage.clear(); sessionStorage.clear()")
        page.goto("about:blank")
        page.set_viewport_size({"width": size[0], "height": size[1]})


@contextmanager
def watched(page: Page) -> Iterator[None]:
    """Hold that a page asks nobody but the service, and that no script fails."""
    wrong: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        # The browser reports a refusal that the page shows; what matters is that it shows it.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            wrong.append(message.text)

    def fail(error: Error) -> None:
        wrong.append(str(error))

    def watch(request: Request) -> None:
        if not request.url.startswith(("http://127.0.0.1", "blob:", "about:")):
            wrong.append(request.url)

    page.on("console", listen)
    page.on("pageerror", fail)
    page.on("request", watch)
    yield
    page.remove_listener("console", listen)
    page.remove_listener("pageerror", fail)
    page.remove_listener("request", watch)
    assert wrong == []


def rows(page: Page) -> list[str]:
    """Return the ids of the listed creators, once they are there."""
    expect(page.locator("#results")).to_have_attribute("aria-busy", "false")
    listed = page.locator(".creators li.row")
    expect(listed.first).to_be_visible()
    return [row.get_attribute("data-creator") or "" for row in listed.all()]


def pick(page: Page, words: str, title: str) -> None:
    """Choose a product by some of its words."""
    page.get_by_role("combobox", name="Choose a product").fill(words)
    page.get_by_role("option", name=title).first.click()
