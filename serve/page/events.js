// Telling the service what a merchant saw and did. Looks are told silently; an invitation is not.

import { sendEvents } from "./api.js";

// Random ids without `crypto.randomUUID`, which browsers keep from addresses without TLS.
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function eventOf(kind, entry, id = newId()) {
  const { creator, product, request_id, bundle, terms } = entry;
  const { channel, slot_fee, sample_cost, commission_rate, cost_estimated } = creator.offer;
  const costs = cost_estimated ? {} : { slot_fee, sample_cost }; // an estimate is nothing that was agreed
  return {
    event_id: id,
    kind,
    at: new Date().toISOString(),
    product_id: product.product_id,
    creator_id: creator.creator_id,
    request_id,
    channel,
    ...(creator.rank && { rank: creator.rank }),
    bundle,
    terms: { ...costs, ...terms, commission_rate },
  };
}

// A product that is not in the catalog has no id by which events could be filed.
export const canTell = ({ product }) => Boolean(product.product_id);

// Impressions, views, dismissals: worth having, not worth disturbing anybody for.
export function tellQuietly(kind, entries) {
  const known = entries.filter(canTell);
  if (known.length) sendEvents(known.map((entry) => eventOf(kind, entry)), { keepalive: true }).catch(() => {});
}
