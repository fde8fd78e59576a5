// What can be done with a creator. The buttons follow what is kept, wherever it was changed.

import { isCompared, toggleCompared } from "./comparing.js";
import { el } from "./dom.js";
import { entryName } from "./entry.js";
import { canTell, tellQuietly } from "./events.js";
import { shortDay } from "./format.js";
import { invitedOn, inviteDialog } from "./invites.js";
import { announce } from "./notice.js";
import { isListed, toggleListed } from "./shortlist.js";
import { say } from "./text.js";

// Let every button of the page show what is so now; others may listen to follow.
export function refreshActions() {
  for (const button of document.querySelectorAll("[data-act]")) button.refresh();
  document.dispatchEvent(new CustomEvent("kept"));
}

// `first` stands before the buttons; `hide` is called to leave the creator out.
export function actionBar(entry, { first = null, hide = null } = {}) {
  const bar = el("div", { class: "acts", role: "group", "aria-label": say("actionsFor", { name: entryName(entry) }) });
  bar.append(...[first, shortlistButton(entry), compareButton(entry), hide && hideButton(entry, hide), inviteButton(entry)].filter(Boolean));
  for (const button of bar.querySelectorAll("[data-act]")) button.refresh();
  return bar;
}

function act(name, words, attributes, refresh) {
  const button = el("button", { type: "button", class: "act", "data-act": name, ...attributes }, words);
  button.refresh = () => refresh(button);
  return button;
}

const pressed = (is) => (button) => button.setAttribute("aria-pressed", String(is()));

function shortlistButton(entry) {
  const onclick = () => {
    const added = toggleListed(entry);
    announce(say(added ? "shortlistAdded" : "shortlistRemoved", { name: entryName(entry) }));
    refreshActions();
  };
  return act("shortlist", say("toShortlist"), { onclick }, pressed(() => isListed(entry)));
}

function compareButton(entry) {
  const onclick = () => {
    toggleCompared(entry);
    refreshActions();
  };
  return act("compare", say("toCompare"), { onclick }, pressed(() => isCompared(entry)));
}

function hideButton(entry, hide) {
  const onclick = () => {
    tellQuietly("dismiss", [entry]);
    announce(say("hidden", { name: entryName(entry) }));
    hide(entry.creator.creator_id);
  };
  return act("hide", say("hide"), { onclick }, () => {});
}

// Reachable where it cannot be used, too: a press then says why.
function inviteButton(entry) {
  const onclick = () => {
    if (!canTell(entry)) announce(say("inviteNeedsCatalog"));
    else if (!invitedOn(entry)) inviteDialog(entry, refreshActions);
  };
  return act("invite", say("invite"), { onclick }, (button) => {
    const since = invitedOn(entry);
    button.setAttribute("aria-disabled", String(Boolean(since) || !canTell(entry)));
    button.title = canTell(entry) ? "" : say("inviteNeedsCatalog");
    button.textContent = since ? say("invitedOn", { day: shortDay(since) }) : say("invite");
    button.classList.toggle("done", Boolean(since));
  });
}
