"""Answers speak the caller's language and say which one it is."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.matching.words import check_words

ASKED = "/v1/products/p000/creators?k=200&city=成都"


def words_of(answer: dict[str, Any]) -> list[str]:
    """Every sentence of an answer that is the service's own."""
    reasons = [reason["text"] for one in answer["creators"] for reason in one["reasons"]]
    why_not = [one["reason"] for one in answer.get("included", []) if one["reason"]]
    return [*answer["notes"], *reasons, *why_not]


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("zh", "zh"),
        ("zh-CN", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("ZH-hant-HK", "zh"),
        ("zh-CN, zh-Hans;q=0.9, en;q=0.8", "zh"),  # only `en` is matched to the letter
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("en;q=0.3, zh;q=0.7", "zh"),
        ("fr-FR, fr;q=0.9, zh;q=0.1", "zh"),
        ("fr", "en"),
        ("*", "en"),
        ("zh;q=0", "en"),
        ("zh;q=0, *", "en"),
        ("!!;;q=,,", "en"),
    ],
)
def test_the_language_is_the_one_that_the_caller_likes_best(
    client: FlaskClient, header: str | None, language: str
) -> None:
    answer = client.get(ASKED, headers={} if header is None else {"Accept-Language": header})
    assert answer.status_code == 200
    assert answer.headers["Content-Language"] == language
    assert "Accept-Language" in answer.vary
    assert len(words_of(answer.json)) > 20
    for text in words_of(answer.json):
        check_words(text, language)


def test_both_ways_of_asking_speak_the_language(client: FlaskClient) -> None:
    body = {"product_id": "p000", "filters": {"city": ["北京"]}, "include": ["c000"]}
    answer = client.post("/v1/matches", json=body, headers={"Accept-Language": "zh"})
    assert answer.headers["Content-Language"] == "zh"
    assert answer.json["included"][0]["reason"] == "城市不在所选范围内或未知"
    assert client.post("/v1/matches", json=body).json["included"][0]["reason"].isascii()


def test_only_the_words_depend_on_the_language(client: FlaskClient) -> None:
    answers = {
        language: client.get(ASKED, headers={"Accept-Language": language}).json
        for language in ("en", "zh")
    }
    for answer in answers.values():
        answer["notes"] = answer["request_id"] = None
        for creator in answer["creators"]:
            for reason in creator["reasons"]:
                reason["text"] = None
    assert answers["en"] == answers["zh"]


def test_a_refusal_is_told_in_english_whatever_is_asked_for(client: FlaskClient) -> None:
    answer = client.get(
        "/v1/products/p001/creators?objective=profit", headers={"Accept-Language": "zh"}
    )
    assert answer.status_code == 409
    assert "Content-Language" not in answer.headers
    assert "Accept-Language" in answer.vary


def test_the_header_is_documented(client: FlaskClient) -> None:
    paths = client.get("/openapi.json").json["paths"]
    for path, method in (("/v1/products/{product_id}/creators", "get"), ("/v1/matches", "post")):
        named = {parameter["name"]: parameter for parameter in paths[path][method]["parameters"]}
        header = named["Accept-Language"]
        assert header["in"] == "header"
        assert not header["required"]
        assert header["schema"] == {
            "type": "string",
            "title": "Accept-Language",
            "description": "Language of reasons and notes, `zh` or `en`.",
            "default": "en",
        }
