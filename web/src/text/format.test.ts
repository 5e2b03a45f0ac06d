import { describe, expect, it } from "vitest";

import { ago, count, decimal, short, span } from "./format";

describe("a span of time", () => {
  it("is told in its two largest units", () => {
    expect(span(12_300)).toBe("12 s");
    expect(span(61_000)).toBe("1 min 1 s");
    expect(span(3_600_000)).toBe("1 h");
    expect(span(100_800_000)).toBe("1 d 4 h");
    expect(span(-5)).toBe("0 s");
  });

  it("is never in the future by the little that clocks differ", () => {
    expect(ago(1_500, 1_000)).toBe("now");
    expect(ago(0, 59_999)).toBe("59 s ago");
    expect(ago(25_000, 0)).toBe("in 25 s");
    expect(ago(600_000, 0)).toBe("in 10 min");
  });
});

describe("an amount", () => {
  it("has its thousands apart, and says where it was cut off", () => {
    expect(decimal("1234567.5")).toBe("1\u202f234\u202f567.5");
    expect(decimal("0.100000")).toBe("0.1");
    expect(decimal("0.123456789")).toBe("0.123456…");
    expect(decimal("1.0000000")).toBe("1");
  });

  it("may be larger than a double can count", () => {
    expect(decimal("9007199254740993")).toBe("9\u202f007\u202f199\u202f254\u202f740\u202f993");
  });
});

describe("a text", () => {
  it("keeps both ends when it is shortened, and stays when it is short", () => {
    expect(short("0x1234567890abcdef1234")).toBe("0x123456…ef1234");
    expect(short("0x12345678abcde")).toBe("0x12345678abcde");
  });

  it("counts one thing and several", () => {
    expect(count(1, "transfer")).toBe("1 transfer");
    expect(count(0, "transfer")).toBe("0 transfers");
    expect(count(2, "entry", "entries")).toBe("2 entries");
  });
});
