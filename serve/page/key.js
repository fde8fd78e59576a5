// The merchant's key to the service: for this tab, or for this device if they say so.

import { kept, passing } from "./storage.js";

const NAME = "key";

export const currentKey = () => passing.get(NAME) ?? kept.get(NAME);

export function useKey(key, lasting) {
  forgetKey();
  (lasting ? kept : passing).set(NAME, key);
}

export function forgetKey() {
  passing.remove(NAME);
  kept.remove(NAME);
}

// Tells the memories of several keys apart (FNV-1a): 32 bits give nothing of the key away.
export function scope() {
  const key = currentKey();
  if (!key) return "";
  let hash = 0x811c9dc5;
  for (const letter of key) hash = Math.imul(hash ^ letter.codePointAt(0), 0x01000193) >>> 0;
  return `.${hash.toString(16)}`;
}
