// A short word on what was just done: seen at the foot of the page, and read out.

import { byId } from "./dom.js";

const SECONDS = 6;
const place = byId("notice");
let timer = null;

export function announce(words) {
  clearTimeout(timer);
  // What stands outside of a modal panel is not read out.
  const host = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body;
  if (place.parentElement !== host) host.append(place);
  place.textContent = words;
  timer = setTimeout(() => (place.textContent = ""), SECONDS * 1000);
}

// A panel that closes takes nothing with it that belongs to the page.
export const keepNotice = () => document.body.append(place);
