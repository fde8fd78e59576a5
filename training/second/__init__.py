"""A second market, of another form: buyers come in segments with purses, and nothing stands still.

What a pair sells is no product of factors. A session puts an offer before a crowd that is a mixture
of segments; a buyer pays up to a ceiling, fans add a trust that does not ask for the goods, passers
buy cheap things on impulse, and what a segment spends ends at its purse. Publishing tires the purse
of that category, good and bad deals build and use up trust, creators weigh money against what
their time is worth, and fail when they have promised too much. Tastes, traffic and audiences drift.

goods (what there is to sell, and to whom) → actors, drawing (who there is) → stocks (what the past
left behind) → crowd (who watches) → demand (what they spend) → expect, luck → truth → play (the
log) → tables, words (what an export shows) → build.
"""
