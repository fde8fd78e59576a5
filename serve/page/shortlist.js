// The shortlist: by product, the creators as they were told, kept in this browser.

import { isSame } from "./entry.js";
import { productKey } from "./question.js";
import { recall, remember } from "./store.js";

const NAME = "shortlist";

// Product key → entries; never an empty list.
const all = () => recall(NAME, {});

export const lists = () => Object.values(all());
export const shortlistCount = () => lists().reduce((sum, entries) => sum + entries.length, 0);
export const isListed = (entry) => (all()[productKey(entry.product)] ?? []).some((each) => isSame(each, entry));

// Add or take off; return whether it is on the list now.
export function toggleListed(entry) {
  const known = all();
  const key = productKey(entry.product);
  const others = (known[key] ?? []).filter((each) => !isSame(each, entry));
  const added = others.length === (known[key] ?? []).length;
  const entries = added ? [...others, entry] : others;
  const { [key]: _, ...rest } = known;
  remember(NAME, entries.length ? { ...rest, [key]: entries } : rest);
  return added;
}
