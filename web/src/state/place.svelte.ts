//! Where on the page we are.

import { placeOf } from "../text/place";

class Here {
  place = $state.raw(placeOf(location.hash));

  constructor() {
    window.addEventListener("hashchange", () => (this.place = placeOf(location.hash)));
  }
}

export const here = new Here();
