// Who has been seen: ids by name and names by id, so that nobody has to type an id.

const names = new Map();

export function remember(creators) {
  for (const { creator_id, name } of creators) if (name) names.set(creator_id, name);
}

export const forgetNames = () => names.clear();

export const nameOf = (id) => names.get(id) ?? id;

export const suggestions = () => [...names].map(([id, name]) => `${name} · ${id}`);

// The id that is meant: a suggestion, the name of one who has been seen, or an id as it is.
export function idOf(words) {
  const text = words.trim();
  const suggested = text.split(" · ").at(-1);
  if (names.has(suggested)) return suggested;
  const named = [...names].filter(([, name]) => name === text);
  return named.length === 1 ? named[0][0] : text;
}
