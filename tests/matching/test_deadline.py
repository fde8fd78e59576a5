from __future__ import annotations

import threading

import pytest

from matching.deadline import check_deadline, deadline
from matching.errors import DeadlineError
from matching.matcher import Filters, Matcher


def test_nothing_is_too_late_without_a_deadline():
    check_deadline("anything")


def test_what_is_late_is_named():
    with deadline(-1), pytest.raises(DeadlineError, match="before explaining"):
        check_deadline("explaining")
    check_deadline("anything")  # afterwards it is over


def test_the_nearer_of_two_deadlines_holds():
    with deadline(60), deadline(-1), pytest.raises(DeadlineError):
        check_deadline("anything")
    with deadline(-1), deadline(60), pytest.raises(DeadlineError):
        check_deadline("anything")


def test_a_deadline_is_of_its_thread_alone():
    late = []

    def work() -> None:
        check_deadline("anything")
        late.append(False)

    with deadline(-1):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert late == [False]


@pytest.mark.parametrize("filters", [Filters(), Filters(accept_min=0.9)])
def test_a_match_stops_at_the_next_step(matcher: Matcher, filters: Filters):
    product = matcher.products(limit=1)[0]["product_id"]
    with deadline(-1), pytest.raises(DeadlineError):
        matcher.match(product, filters=filters)
    with deadline(-1), pytest.raises(DeadlineError):
        matcher.score([matcher.contents.history.creator_ids[0]], product)
    assert len(matcher.match(product)) == 20
