// What other terms change: the same question on the known terms, asked beside it.

import { findCreators } from "./api.js";

export const MOST_INCLUDED = 50; // of one request

// Return creator id → what was told on the known terms; no rank for those who lie beyond the candidates that were looked at.
export async function onKnownTerms({ terms, include, ...question }, answer, signal) {
  const ids = [...answer.creators, ...(answer.included ?? [])].map((creator) => creator.creator_id);
  const parts = [];
  for (let start = 0; start < ids.length; start += MOST_INCLUDED) {
    const some = ids.slice(start, start + MOST_INCLUDED);
    parts.push(findCreators({ ...question, explain: false, include: some }, signal));
  }
  const answers = await Promise.all(parts);
  return new Map(answers.flatMap(({ included }) => included.map((each) => [each.creator_id, each])));
}

// The mean of what the listed creators' chance to accept was and is, over those known both times.
export function acceptance(creators, before) {
  const pairs = creators.flatMap((creator) => {
    const was = before.get(creator.creator_id)?.predicted?.accept_probability ?? null;
    const is = creator.predicted.accept_probability;
    return was === null || is === null ? [] : [[was, is]];
  });
  const mean = (place) => pairs.reduce((sum, pair) => sum + pair[place], 0) / pairs.length;
  return pairs.length ? { was: mean(0), is: mean(1) } : null;
}

// Whether a creator could not be had on the known terms.
export const isNew = (creator, before) => before.get(creator.creator_id)?.eligible === false;

// How far a creator moved: places up (negative: down), or null where one of both places is not known.
export function movement(creator, before) {
  const rank = before.get(creator.creator_id)?.rank ?? null;
  return rank === null || creator.rank === null ? null : rank - creator.rank;
}
