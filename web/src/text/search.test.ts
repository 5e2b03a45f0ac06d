import { expect, it } from "vitest";

import { guess } from "./search";

it("a pasted text chooses what it is looked for as", () => {
  expect(guess(` 0x${"ab".repeat(32)} `, "client")).toBe("tx");
  expect(guess(`0x${"ab".repeat(20)}`, "tx")).toBe("sender");
  expect(guess("eip155:31337~attest-31338-on-31337~12", "tx")).toBe("id");
  expect(guess("eip155:31337/attest-31338-on-31337/12", "tx")).toBe("id");
});

it("what was chosen stays where the text does not tell", () => {
  expect(guess(`0x${"ab".repeat(20)}`, "receiver")).toBe("receiver");
  expect(guess("attest-1", "client")).toBe("client");
});
