export type Theme = "auto" | "light" | "dark";

const PLACE = "causeway-theme";

class ThemeChoice {
  #value = $state<Theme>(stored());

  constructor() {
    this.#show();
  }

  get value(): Theme {
    return this.#value;
  }

  /** From what the system says to light, to dark, and back. */
  next(): void {
    this.#value = ({ auto: "light", light: "dark", dark: "auto" } as const)[this.#value];
    localStorage.setItem(PLACE, this.#value);
    this.#show();
  }

  #show(): void {
    document.documentElement.dataset.theme = this.#value;
  }
}

function stored(): Theme {
  const value = localStorage.getItem(PLACE);
  return value === "light" || value === "dark" ? value : "auto";
}

export const theme = new ThemeChoice();
