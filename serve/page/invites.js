// Marking a creator as invited: asked once more, told to the service, remembered here.

import { sendEvents } from "./api.js";
import { el } from "./dom.js";
import { entryName } from "./entry.js";
import { eventOf, newId } from "./events.js";
import { localDay } from "./format.js";
import { announce } from "./notice.js";
import { offerTerms } from "./offer.js";
import { openPanel } from "./panel.js";
import { productKey } from "./question.js";
import { recall, remember } from "./store.js";
import { say } from "./text.js";
import { faultLine } from "./trouble.js";

const NAME = "invited";

// When the creator was invited for this product, as an ISO day; null where this browser knows of no invitation.
export const invitedOn = ({ product, creator }) => recall(NAME, {})[productKey(product)]?.[creator.creator_id] ?? null;

function markInvited({ product, creator }, day) {
  const known = recall(NAME, {});
  const key = productKey(product);
  remember(NAME, { ...known, [key]: { ...known[key], [creator.creator_id]: day } });
}

// Ask, tell, mark. The event keeps its id however often it is sent, so that it counts once.
export function inviteDialog(entry, onInvited) {
  const id = newId();
  const fault = el("p", { class: "fault", role: "alert" });
  const confirm = el("button", { type: "button", class: "primary" }, say("inviteConfirm"));
  const cancel = el("button", { type: "button", class: "secondary" }, say("cancel"));
  const panel = openPanel(
    say("inviteTitle", { name: entryName(entry) }),
    el(
      "div",
      { class: "confirm" },
      el("p", {}, say("inviteText")),
      el("p", { class: "soft" }, say("inviteTerms")),
      el("p", { class: "offer" }, offerTerms(entry.creator.offer, entry.currency)),
      fault,
      el("div", { class: "buttons" }, confirm, cancel),
    ),
    "small",
  );
  cancel.addEventListener("click", () => panel.close());
  confirm.addEventListener("click", async () => {
    confirm.disabled = true;
    fault.textContent = "";
    try {
      const event = eventOf("invite", entry, id);
      await sendEvents([event]);
      markInvited(entry, localDay());
      panel.close();
      announce(say("inviteDone", { name: entryName(entry) }));
      onInvited();
    } catch (error) {
      fault.textContent = `${say("inviteFailed")} ${faultLine(error)}`;
      confirm.disabled = false;
      confirm.textContent = say("retry");
    }
  });
}
