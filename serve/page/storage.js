// Text by name, lasting (`kept`) or until the tab is closed (`passing`); in memory where the browser forbids both.

class Storage {
  constructor(kind) {
    this.memory = new Map();
    // Merely naming it throws where site data is blocked.
    this.inner = attempt(() => globalThis[kind], null);
  }

  get(name) {
    return this.memory.get(name) ?? attempt(() => this.inner?.getItem(name), null) ?? null;
  }

  set(name, text) {
    const stored = attempt(() => {
      this.inner.setItem(name, text);
      return true;
    }, false);
    if (stored) this.memory.delete(name);
    else this.memory.set(name, text); // blocked or full
  }

  remove(name) {
    this.memory.delete(name);
    attempt(() => this.inner?.removeItem(name), null);
  }
}

function attempt(act, otherwise) {
  try {
    return act();
  } catch {
    return otherwise;
  }
}

export const kept = new Storage("localStorage");
export const passing = new Storage("sessionStorage");
