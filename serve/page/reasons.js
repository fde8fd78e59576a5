// Why a creator is expected to sell so much: the strongest reasons, and what each stage adds.

import { el } from "./dom.js";
import { evidenceBars } from "./evidence.js";
import { profileButton } from "./profile.js";
import { say } from "./text.js";

export const reasonList = (reasons) => el("ul", { class: "reasons", "aria-label": say("why") }, reasons.map(reasonLine));

function reasonLine(reason) {
  const side = reason.contribution < 0 ? "less" : "more";
  return el(
    "li",
    {},
    el("span", { class: `chip stage ${reason.stage} ${side}` }, say(reason.stage)),
    el("span", {}, reason.text),
  );
}

// A button and the part that it opens; `onOpen` when a merchant looks. Null where nothing is told.
export function reasonsOnDemand(creator, { reach, open, onOpen, ask }) {
  if (!creator.evidence && !creator.reasons?.length) return null;
  const id = `why-${creator.creator_id}`;
  const region = el("div", { class: "why-grid", id, hidden: !open });
  const button = el("button", { type: "button", class: "act why", "aria-expanded": String(open), "aria-controls": id }, say("why"));
  const fill = () => {
    if (region.hasChildNodes()) return;
    region.append(reasonList(creator.reasons ?? []));
    if (creator.evidence) region.append(evidenceBars(creator.evidence, reach));
    region.append(profileButton(creator.creator_id, ask));
  };
  if (open) fill();
  button.addEventListener("click", () => {
    fill();
    region.hidden = !region.hidden;
    button.setAttribute("aria-expanded", String(!region.hidden));
    onOpen(!region.hidden);
  });
  return { button, region };
}
