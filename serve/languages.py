"""In which language an answer speaks: the caller's, by Accept-Language."""

from __future__ import annotations

from flask import Response, after_this_request, request
from pydantic import BaseModel, Field

from matching.languages import DEFAULT_LANGUAGE, LANGUAGES


class LanguageHeader(BaseModel):
    """The header of every request whose answer has words in it."""

    accept_language: str = Field(
        DEFAULT_LANGUAGE,
        alias="Accept-Language",
        description="Language of reasons and notes, `zh` or `en`.",
    )


def asked_language() -> str:
    """Return the language that the caller likes best of LANGUAGES; the answer will name it.

    Only what comes before the hyphen counts, in the order of preference: whoever asks for `zh-CN`
    first and `en` second reads Chinese, though only `en` is matched to the letter.
    """
    liked = (tag.partition("-")[0].lower() for tag, q in request.accept_languages if q > 0)
    language = next((tag for tag in liked if tag in LANGUAGES), DEFAULT_LANGUAGE)

    @after_this_request
    def name_language(response: Response) -> Response:
        response.vary.add("Accept-Language")
        if response.status_code < 400:  # problems are told in English
            response.content_language.add(language)
        return response

    return language
