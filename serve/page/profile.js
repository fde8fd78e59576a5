// What anybody may know of a creator, and who is like them: fetched when a merchant asks.

import { getProfile, getSimilar } from "./api.js";
import { el } from "./dom.js";
import { count, day, percent, plain } from "./format.js";
import { remember } from "./names.js";
import { say } from "./text.js";
import { faultLine } from "./trouble.js";

// Heading, field of the profile, how it is written.
const FACTS = [
  ["profileFans", "fan_group_size", count],
  ["profileViewers", "live_viewers", count],
  ["profileViews", "video_views", count],
  ["profileEngagement", "engagement_rate", (value) => percent(value, 1)],
  ["profileReputation", "reputation", plain],
  ["profileFemale", "audience_female", percent],
  ["profileJoined", "joined_on", day],
];

// A button that gives way to what it fetches; `ask(id)` asks where a creator alike ranks.
export function profileButton(id, ask) {
  const place = el("div", { class: "profile" });
  const button = el("button", { type: "button", class: "link" }, say("profile"));
  const fault = el("p", { class: "fault", role: "alert" });
  button.addEventListener("click", async () => {
    fault.textContent = "";
    try {
      const [profile, similar] = await Promise.all([getProfile(id), getSimilar(id)]);
      remember(similar.items);
      const shown = el("div", { tabindex: -1 }, facts(profile), alike(similar.items, ask));
      place.replaceChildren(shown);
      shown.focus();
    } catch (error) {
      fault.textContent = faultLine(error);
    }
  });
  place.append(button, fault);
  return place;
}

function facts(profile) {
  const known = FACTS.filter(([, field]) => profile[field] !== null && profile[field] !== undefined);
  return [
    el("h4", {}, say("profileOf")),
    profile.profile_text && el("p", {}, profile.profile_text),
    known.length > 0 &&
      el("dl", {}, known.map(([heading, field, format]) => el("div", {}, el("dt", {}, say(heading)), el("dd", {}, format(profile[field]))))),
    !known.length && !profile.profile_text && el("p", { class: "soft" }, say("profileNothing")),
  ].filter(Boolean);
}

function alike(creators, ask) {
  if (!creators.length) return null;
  const line = (creator) => {
    const name = creator.name ?? creator.creator_id;
    const about = [creator.category, creator.city, creator.follower_count !== null && say("followers", { count: count(creator.follower_count) })];
    const onclick = () => ask(creator.creator_id);
    return el("li", {}, el("button", { type: "button", class: "link", onclick, title: say("similarAsk", { name }) }, name), el("span", { class: "soft" }, about.filter(Boolean).join(" · ")));
  };
  return [el("h4", {}, say("similar")), el("ul", {}, creators.map(line))];
}
