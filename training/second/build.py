"""Builds the second market: its tables and its truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from training.second import tables, words
from training.second.drawing import (
    draw_creators,
    draw_map,
    draw_merchants,
    draw_products,
    draw_tastes,
)
from training.second.play import play
from training.second.stocks import Past, week_of
from training.second.truth import Truth

PRODUCTS_PER_MERCHANT = 6


def build(
    creators: int, products: int, collaborations: int, first_day: int, last_day: int, seed: int
) -> tuple[dict[str, pd.DataFrame], Truth]:
    """Draw the actors, play the weeks, and write what an export would show on the last day.

    Days are since 1970. The same arguments give the same tables; each step has its own random
    stream.
    """
    steps = np.random.default_rng((seed, 2)).spawn(10)
    kinds = draw_map(steps[0])
    people = draw_creators(creators, kinds, first_day, last_day, steps[1])
    merchants = draw_merchants(max(1, products // PRODUCTS_PER_MERCHANT), steps[2])
    goods = draw_products(products, merchants, kinds, first_day, last_day, steps[3])
    first_week = int(week_of(first_day))
    tastes = draw_tastes(int(week_of(last_day)) - first_week + 1, steps[4])
    truth = Truth(people, goods, tastes, first_week, last_day, Past.none())
    played, past = play(truth, collaborations, first_day, steps[5])
    truth = replace(truth, past=past)
    brand = words.brands(len(merchants.category), steps[6])
    return {
        "catalog": pd.DataFrame({"name": ["second simulated market"], "currency": ["CNY"]}),
        "creators": tables.creators_table(truth, kinds, steps[7]),
        "creator_stats": tables.stats_table(truth, first_day, steps[8]),
        "merchants": tables.merchants_table(merchants, brand, steps[6]),
        "products": tables.products_table(goods, merchants, brand, steps[6]),
        "collaborations": tables.collaborations_table(truth, played, steps[9]),
    }, truth
