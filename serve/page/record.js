import { openPanel } from "./panel.js";
import { say } from "./text.js";
export function openRecord() { openPanel(say("record"), "", "wide"); }
