"""The as-of rule: what a day knew of collaborations, creators and products (contract §2)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

ANSWERED = ("accepted", "failed", "fulfilled")
# A decline that nobody dated counts as known two weeks after the invitation (contract §2).
SILENCE = np.timedelta64(14, "D")
# What an invitation brings, known when it has settled; its terms are known from the start.
OUTCOMES = (
    "gmv",
    "ads_cost",
    "subsidy",
    "return_cost",
    "impressions",
    "clicks",
    "orders",
    "refunded_gmv",
    "fan_gmv",
    "repeat_orders",
)


def is_accepted(collaborations: pd.DataFrame) -> pd.Series[bool]:
    """Whether each collaboration was accepted, whatever came of it then."""
    return collaborations["status"].isin(ANSWERED)


def answer_days(collaborations: pd.DataFrame) -> pd.Series[Any]:
    """Return the day each answer is known, ``datetime64[s]``: at D it is known if before D.

    `responded_on`, or where that is null: of an acceptance the day of its outcome, of a decline
    `settled_on`, else 14 days after the invitation. An outcome before the response proves the
    acceptance earlier. NaT where there is no answer or nothing dates it.
    """
    status = collaborations["status"]
    responded, settled = (_days(collaborations, name) for name in ("responded_on", "settled_on"))
    invited = _days(collaborations, "invited_on")
    closed = status.isin(("failed", "fulfilled")).to_numpy()
    declined = (status == "declined").to_numpy()
    days = responded.copy()
    days[closed] = np.fmin(responded[closed], settled[closed])
    quiet = np.where(np.isnat(settled), invited + SILENCE, settled)
    undated = declined & np.isnat(responded)
    days[undated] = quiet[undated]
    days[(status == "invited").to_numpy()] = np.datetime64("NaT")
    return pd.Series(days, index=collaborations.index)


def _days(frame: pd.DataFrame, name: str) -> npt.NDArray[np.datetime64]:
    """Return a column of days as an array of its own; NaT throughout where it is absent."""
    if name in frame:
        return frame[name].to_numpy(dtype="datetime64[s]", copy=True)
    return np.full(len(frame), np.datetime64("NaT"), dtype="datetime64[s]")


def proven_at(
    rows: pd.DataFrame, key: str, since: str, collaborations: pd.DataFrame, at: np.datetime64
) -> pd.DataFrame:
    """Return the rows dated before `at` by `since`, undated, or named by a collaboration.

    `collaborations` are those known at `at`; `key` is the id's column in both.
    """
    days = _days(rows, since)
    keep = np.isnat(days) | (days < at)
    keep[~keep] = among(rows[key][~keep], collaborations[key])
    return rows[keep].reset_index(drop=True)


def among(ids: pd.Series[Any], known: pd.Series[Any]) -> npt.NDArray[np.bool_]:
    """Whether each id is among the known ones; pandas' `isin` walks such text in Python."""
    import pyarrow as pa
    from pyarrow import compute

    there = compute.is_in(pa.array(ids), value_set=pa.array(known))
    return np.asarray(there.to_numpy(zero_copy_only=False), dtype=bool)


def collaborations_at(rows: pd.DataFrame, at: np.datetime64) -> pd.DataFrame:
    """Return the collaborations invited before `at`, each as far as it was known then."""
    rows = rows[(rows["invited_on"] < at).to_numpy()].reset_index(drop=True)
    answered = (answer_days(rows) < at).to_numpy()
    accepted = is_accepted(rows).to_numpy() & answered
    final = rows["status"].isin(("failed", "fulfilled")).to_numpy()
    settled = final & (_days(rows, "settled_on") < at)
    closed = settled | (answered & ~accepted)
    published = accepted & (_days(rows, "published_on") < at)
    known = dict.fromkeys(OUTCOMES, closed) | {
        "responded_on": answered & (_days(rows, "responded_on") < at),
        "published_on": published,
        "settled_on": closed & (_days(rows, "settled_on") < at),
        "content_text": closed | published,
    }
    status = rows["status"].where(closed, "accepted").where(closed | accepted, "invited")
    hidden = {name: rows[name].where(mask) for name, mask in known.items() if name in rows}
    return rows.assign(status=status, **hidden)
