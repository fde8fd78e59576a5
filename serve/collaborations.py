"""Collaborations out of events: an invitation makes one, the creator's answer follows it.

Days are those of UTC, as events are stored.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from matching.asof import among

PAIR = ["creator_id", "product_id"]
_ANSWERS = {"accept": "accepted", "decline": "declined"}
_A_DAY = pd.Timedelta(days=1)


def invitations(events: pd.DataFrame) -> pd.DataFrame:
    """Return a collaboration for each invitation, not answered yet.

    One that follows another of the same creator and product by a day or less is a reminder. Terms
    are those that were offered, else those that were told, unless they were estimated.
    """
    asked = events[events["kind"] == "invite"].sort_values([*PAIR, "at", "event_id"])
    days = asked["at"].dt.normalize()
    again = (asked[PAIR] == asked[PAIR].shift()).all(axis=1) & (days.diff() <= _A_DAY)
    first = asked[~again].reset_index(drop=True)
    agreed = pd.DataFrame(
        [_terms(*row) for row in zip(first["terms"], first["told"], first["channel"], strict=True)],
        columns=["commission_rate", "service_fee_rate", "slot_fee", "sample_cost"],
        dtype=np.float64,
    )
    return pd.DataFrame(
        {
            "collaboration_id": _ids(first),
            **{name: first[name] for name in PAIR},
            "invited_on": first["at"].dt.normalize(),
            "status": pd.Series("invited", index=first.index, dtype="str"),
            "responded_on": pd.Series(pd.NaT, index=first.index, dtype="datetime64[s]"),
            "channel": first["channel"],
            **agreed,
        }
    )


def _ids(events: pd.DataFrame) -> pd.Series[Any]:
    """Return an id for each event, unique over merchants."""
    merchants = events["merchant_id"].str.replace("%", "%25").str.replace("/", "%2F")
    return merchants + "/" + events["event_id"]


def _terms(offered: Any, told: Any, channel: Any) -> dict[str, float | None]:
    """Return the terms of an invitation; what nobody said is left to the listing."""
    terms = json.loads(offered) if isinstance(offered, str) else {}
    promise = json.loads(told) if isinstance(told, str) else {}
    known = ["commission_rate"]
    if promise and not promise["cost_estimated"] and promise["channel"] == channel:
        known += ["slot_fee", "sample_cost"]
    return {name: promise.get(name) for name in known} | terms


def joined(known: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Return the known collaborations and those new ones that are not among them.

    The same creator and product invited within a day are the same: days are not always those of
    one zone. A market that names no channels is taken to have one, and goes on to name none.
    """
    if "channel" not in known:
        new = new.drop(columns="channel")
    near = known.loc[among(known["creator_id"], new["creator_id"]), [*PAIR, "invited_on"]]
    around = pd.concat(
        [near.assign(invited_on=near["invited_on"] + days * _A_DAY) for days in (-1, 0, 1)]
    ).drop_duplicates()
    there = new[[*PAIR, "invited_on"]].merge(around, how="left", indicator=True)["_merge"] == "both"
    there |= among(new["collaboration_id"], known["collaboration_id"])
    return pd.concat([known, new[~there.to_numpy()]], ignore_index=True)


def answered(collaborations: pd.DataFrame, events: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Return the collaborations with the answers that they wait for, and how many answers fit none.

    An answer belongs to the latest invitation of its creator and product up to its day, or to one
    of the day after if that is nearer and its day is of another zone: it did not come from these
    events. The first answer counts, and what the collaboration knows already counts before it.
    """
    answers = events[events["kind"].isin(_ANSWERS)].sort_values(["at", "event_id"])
    if not len(answers):
        return collaborations, 0
    told = answers[PAIR].assign(
        answer=answers["kind"].map(_ANSWERS), on=answers["at"].dt.normalize()
    )
    rows = collaborations[[*PAIR, "invited_on", "status"]].rename_axis("row").reset_index()
    rows["elsewhere"] = ~among(
        collaborations["collaboration_id"], _ids(events[events["kind"] == "invite"])
    )
    rows = rows.merge(told[PAIR].drop_duplicates()).sort_values("invited_on", kind="stable")
    found = _nearest(told.reset_index(drop=True), rows)
    first = found.dropna(subset="row").drop_duplicates("row")
    first = first[first["status"] == "invited"].astype({"row": np.int64}).set_index("row")
    changed = collaborations.copy()
    if "responded_on" not in changed:
        changed["responded_on"] = pd.Series(pd.NaT, index=changed.index, dtype="datetime64[s]")
    changed.loc[first.index, "status"] = first["answer"]
    # Nobody answers before they are asked, whatever the zones.
    changed.loc[first.index, "responded_on"] = first[["on", "invited_on"]].max(axis=1)
    return changed, int(found["row"].isna().sum())


def _nearest(told: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Return each answer with the invitation that it belongs to, nulls where there is none."""
    days = {"left_on": "on", "right_on": "invited_on", "by": PAIR}
    before = pd.merge_asof(told, rows, **days)
    abroad = rows[rows["elsewhere"]]
    after = pd.merge_asof(told, abroad, **days, direction="forward", tolerance=_A_DAY)
    is_nearer = ~((before["on"] - before["invited_on"]) <= after["invited_on"] - after["on"])
    return before.where(~(is_nearer & after["row"].notna()), after)
