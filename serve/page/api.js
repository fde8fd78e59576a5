// Talking to the service. A refusal arrives as problem details and is thrown as a Refusal.

export class Refusal extends Error {
  constructor(problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

async function ask(address, options = {}) {
  const answer = await fetch(address, { ...options, headers: { Accept: "application/json", ...options.headers } });
  const content = await answer.json();
  if (!answer.ok) throw new Refusal(content);
  return content;
}

export function findProducts(words, cursor, signal) {
  const query = new URLSearchParams({ limit: 20 });
  if (words) query.set("q", words);
  if (cursor) query.set("cursor", cursor);
  return ask(`/v1/products?${query}`, { signal });
}

export const getProduct = (id, signal) => ask(`/v1/products/${encodeURIComponent(id)}`, { signal });

export const findCreators = (question, signal) =>
  ask("/v1/matches", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(question),
    signal,
  });
