// What this browser remembers, as JSON, apart for each key: two merchants may share a computer.

import { scope } from "./key.js";
import { kept } from "./storage.js";

const read = new Map(); // name → the text that was read last and its value: a hundred buttons ask for the same

export function recall(name, otherwise) {
  const text = kept.get(name + scope());
  const before = read.get(name);
  if (before && before.text === text) return before.value ?? otherwise;
  const value = parsed(text);
  read.set(name, { text, value });
  return value ?? otherwise;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // somebody else's, or an older page's: start anew
  }
}

export const remember = (name, value) => kept.set(name + scope(), JSON.stringify(value));
