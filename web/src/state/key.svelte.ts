//! The API key, for nodes that do not let everybody read. It is kept for as long as the tab is.

const PLACE = "causeway-api-key";

class Key {
  #value = $state(sessionStorage.getItem(PLACE) ?? "");

  get value(): string {
    return this.#value;
  }

  set value(value: string) {
    this.#value = value;
    if (value) sessionStorage.setItem(PLACE, value);
    else sessionStorage.removeItem(PLACE);
  }
}

export const key = new Key();
