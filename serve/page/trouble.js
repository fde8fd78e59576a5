// What went wrong, in words a merchant understands, and what can be done about it.

import { Refusal } from "./api.js";
import { el } from "./dom.js";
import { say } from "./text.js";

const KNOWN = [0, 401, 403, 404, 409, 422, 429, 503];

function faultKey(error) {
  if (!(error instanceof Refusal)) throw error; // a fault of the page itself: let it be seen
  return KNOWN.includes(error.status) ? `fault${error.status}` : "faultOther";
}

// In one line, where there is room for no more.
export function faultLine(error) {
  const key = faultKey(error);
  const told = error.problem.detail ? say("serviceSays", { detail: error.problem.detail }) : say(`${key}Text`);
  return `${say(key)} · ${told}`;
}

// A whole section, with a way on. `others` are buttons that help more than asking the same again.
export function faultSection(error, retry, others = []) {
  const key = faultKey(error);
  const { detail, errors = [], request_id } = error.problem;
  return el(
    "section",
    { class: "refused", role: "alert" },
    el("h2", {}, say(key)),
    el("p", {}, say(`${key}Text`)),
    detail && el("p", { class: "soft" }, say("serviceSays", { detail })),
    errors.length > 1 && el("ul", {}, errors.slice(1).map((fault) => el("li", {}, `${fault.field}: ${fault.message}`))),
    el("div", { class: "buttons" }, others, retryButton(retry, error.waitSeconds)),
    request_id && el("p", { class: "request-id" }, say("requestId", { id: request_id })),
  );
}

// Where the service says how long to wait, the button waits.
function retryButton(retry, waitSeconds) {
  const button = el("button", { type: "button", class: "secondary", onclick: retry }, say("retry"));
  if (!waitSeconds) return button;
  let left = waitSeconds;
  button.disabled = true;
  const tick = () => {
    button.textContent = left > 0 ? say("retryIn", { seconds: left }) : say("retry");
    button.disabled = left > 0;
    if (left > 0) setTimeout(tick, 1000);
    left -= 1;
  };
  tick();
  return button;
}
