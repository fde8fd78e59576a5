// What is wrong with a field, said beside it; from the page's own checks and from the service.

import { say } from "./text.js";

export function clearFaults(form) {
  for (const line of form.querySelectorAll("[data-fault]")) line.hidden = true;
  for (const input of form.querySelectorAll("[aria-invalid]")) {
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
  }
}

// Show the faults that have a place in the form and go to the first; return whether any had.
export function showFaults(form, faults) {
  const placed = faults.map((fault) => place(form, fault)).filter(Boolean);
  for (let part = placed[0]?.parentElement; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
  placed[0]?.focus();
  return placed.length > 0;
}

function place(form, { field, message }) {
  const name = field.replace(/^filters\./, "").replace(/\.\d+$/, "");
  const line = form.querySelector(`[data-fault="${CSS.escape(name)}"]`);
  if (!line) return null;
  line.textContent = message;
  line.id ||= `fault-${name.replace(".", "-")}`;
  line.hidden = false;
  const input = form.elements[name] ?? line.parentElement.querySelector("input");
  input.setAttribute("aria-invalid", "true");
  input.setAttribute("aria-describedby", line.id);
  return input;
}

// Check what can be known here, so that nobody waits for the service to say it.
export function checkForm(form, picked) {
  if (form.elements.mode.value === "catalog" && !picked) return [{ field: "product_id", message: say("pickFirst") }];
  const shown = [...form.elements].filter((input) => input.name && !input.closest("[hidden]"));
  return shown.flatMap((input) => {
    const state = input.validity;
    if (!state || state.valid) return [];
    const limits = { low: input.min, high: input.max };
    const range = input.max ? say("notNumber", limits) : say("notPositive");
    return [{ field: input.name, message: state.valueMissing ? say("fillIn") : range }];
  });
}

