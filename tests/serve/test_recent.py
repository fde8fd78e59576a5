from __future__ import annotations

from serve.recent import Recent


def test_what_was_asked_for_last_is_kept() -> None:
    recent: Recent[str] = Recent(2)
    made: list[str] = []

    def ask(key: str) -> str:
        def make() -> str:
            made.append(key)
            return key.upper()

        return recent.get(key, make)

    assert [ask(key) for key in "aab"] == ["A", "A", "B"]
    assert made == ["a", "b"]
    ask("a")
    ask("c")  # b goes: a was asked for since
    assert [ask(key) for key in "ab"] == ["A", "B"]
    assert made == ["a", "b", "c", "b"]
