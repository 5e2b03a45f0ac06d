import { expect, it } from "vitest";

import { priceInUnits } from "./price";

it("a price of smallest units is shown for a whole one", () => {
  // One ether for 0.05 bitcoin: 5,000,000 satoshis for 10^18 wei.
  expect(priceInUnits({ wanted: "1", given: "200000000000" }, 18, 8)).toBe("0.05");
  // One bitcoin for 20 ether.
  expect(priceInUnits({ wanted: "200000000000", given: "1" }, 8, 18)).toBe("20");
});

it("a price is rounded up, and not made up", () => {
  expect(priceInUnits({ wanted: "1", given: "3" }, 6, 6)).toBe("0.33333334");
  expect(priceInUnits({ wanted: "1", given: "3" }, null, 6)).toBeUndefined();
  expect(priceInUnits({ wanted: "1", given: "0" }, 6, 6)).toBeUndefined();
});
