// Signing in with a key, when the service asks for one.

import { findProducts, Refusal } from "./api.js";
import { el } from "./dom.js";
import { currentKey, forgetKey, useKey } from "./key.js";
import { openPanel } from "./panel.js";
import { say } from "./text.js";
import { faultLine } from "./trouble.js";

let open = null;

// Ask for a key, once however many requests want one; `onSignedIn` when the service has taken it, `onClosed` in any case.
export function signIn(onSignedIn, onClosed) {
  if (open) return;
  const refused = currentKey() !== null;
  const input = el("input", { id: "key", type: "password", autocomplete: "off", spellcheck: "false", maxlength: 500, autofocus: true });
  const lasting = el("input", { id: "key-lasting", type: "checkbox" });
  const fault = el("p", { class: "fault", role: "alert", id: "key-fault" }, refused && say("keyRefused"));
  input.setAttribute("aria-describedby", fault.id);
  const form = el(
    "form",
    { class: "sign-in fields" },
    el("p", { class: "wide" }, say("signInText")),
    el("div", { class: "field wide" }, el("label", { for: "key" }, say("keyLabel")), input),
    el("label", { class: "check wide" }, lasting, el("span", {}, say("keyLasting"))),
    fault,
    el("button", { type: "submit", class: "primary wide" }, say("signInGo")),
  );
  open = openPanel(say("signIn"), form, "small");
  open.addEventListener("close", () => {
    open = null;
    onClosed();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    fault.textContent = "";
    const said = await tryKey(input.value.trim(), lasting.checked);
    if (said) {
      fault.textContent = said;
      input.focus();
    } else {
      open?.close();
      onSignedIn();
    }
  });
  input.focus();
}

// Return what is wrong, or null if the service takes the key.
async function tryKey(key, lasting) {
  if (!key) return say("keyMissing");
  useKey(key, lasting);
  try {
    await findProducts("", null);
    return null;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    forgetKey();
    return error.status === 401 ? say("keyRefused") : faultLine(error);
  }
}
