// The two creators that are put side by side, and the tray at the foot of the page that names them.

import { comparison } from "./compare.js";
import { byId } from "./dom.js";
import { entryName, isSame } from "./entry.js";
import { productKey } from "./question.js";
import { openPanel } from "./panel.js";
import { say } from "./text.js";

let chosen = [];

export const isCompared = (entry) => chosen.some((each) => isSame(each, entry));

// A third takes the place of the first; one for another product begins anew, as figures compare only within one.
export function toggleCompared(entry) {
  if (isCompared(entry)) chosen = chosen.filter((each) => !isSame(each, entry));
  else chosen = [...chosen.filter((each) => productKey(each.product) === productKey(entry.product)), entry].slice(-2);
}

export function clearCompared() {
  chosen = [];
}

export function showTray() {
  const [first, second] = chosen.map(entryName);
  byId("tray").hidden = chosen.length === 0;
  byId("tray-words").textContent = second ? say("compareTwo", { first, second }) : first ? say("compareOne", { name: first }) : "";
  byId("tray-show").disabled = chosen.length < 2;
}

export function openComparison() {
  openPanel(say("compareTitle"), comparison(chosen[0], chosen[1]), "wide");
}
