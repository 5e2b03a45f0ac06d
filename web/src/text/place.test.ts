import { describe, expect, it } from "vitest";

import { hrefOf, placeOf } from "./place";

describe("a place on the page", () => {
  it("is read from its own address", () => {
    const id = "eip155:1~client/with?odd#parts~7";
    const { path, query } = placeOf(hrefOf(["transfers", id], { from: "eip155:1", to: "" }));
    expect(path).toEqual(["transfers", id]);
    expect([...query]).toEqual([["from", "eip155:1"]]);
  });

  it("is the overview where there is none", () => {
    for (const hash of ["", "#", "#/"]) expect(placeOf(hash).path).toEqual([]);
  });

  it("may be written wrongly by hand", () => {
    expect(placeOf("#/swaps/%zz").path).toEqual(["swaps", "%zz"]);
  });
});
