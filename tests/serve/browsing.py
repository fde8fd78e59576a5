"""A real browser on the page, on which nothing may go wrong unseen."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright
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


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page as wide as a desk's screen, in English."""
    with opened(browser) as page:
        yield page


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A page as narrow as a phone's screen, in English."""
    with opened(browser, size=PHONE) as page:
        yield page


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
    """A page that asks nobody but the service, and on which no script fails."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        locale=locale,
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.set_default_timeout(10_000)
    wrong: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        # The browser reports a refusal that the page shows; what matters is that it shows it.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            wrong.append(message.text)

    def watch(request: Request) -> None:
        if not request.url.startswith(("http://127.0.0.1", "blob:", "about:")):
            wrong.append(request.url)

    page.on("console", listen)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", watch)
    yield page
    context.close()
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
