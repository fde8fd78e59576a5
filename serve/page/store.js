// What this browser remembers. Where it may remember nothing, the page does until it is left.

import { scope } from "./key.js";
import { kept } from "./storage.js";

// A value as JSON, apart for each key: two merchants may share a computer.
export function recall(name, otherwise) {
  try {
    return JSON.parse(kept.get(name + scope())) ?? otherwise;
  } catch {
    return otherwise; // somebody else's, or an older page's: start anew
  }
}

export const remember = (name, value) => kept.set(name + scope(), JSON.stringify(value));
