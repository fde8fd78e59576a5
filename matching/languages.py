"""Languages: whatever a merchant reads is written in each of them, in one place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from matching.errors import OptionError

LANGUAGES = ("en", "zh")
"""The languages that answers speak; the first where nothing else is asked for."""
DEFAULT_LANGUAGE = LANGUAGES[0]
_BETWEEN_HAN = re.compile(r"(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])")


@dataclass(frozen=True)
class Text:
    """The same words in every language; {names} stand for what is filled in."""

    en: str
    zh: str

    def say(self, language: str, **values: Any) -> str:
        """Return the words in a language of LANGUAGES, with the values filled in.

        Chinese has no space between words of its own, whichever of them are filled in.
        """
        if language == "zh":
            return _BETWEEN_HAN.sub("", self.zh.format(**values))
        return self.en.format(**values)


def check_language(language: str) -> None:
    """Raise OptionError if answers cannot be had in this language."""
    if language not in LANGUAGES:
        raise OptionError("language", f"must be one of {', '.join(LANGUAGES)}, not {language!r}")
