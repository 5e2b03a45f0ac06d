import { describe, expect, it } from "vitest";

import { layOut, type Flow } from "./flows";

const ORDER = ["a", "b", "c"];
const FLOWS: Flow[] = [
  { from: "b", to: "a", amount: 1 },
  { from: "a", to: "b", amount: 6 },
  { from: "a", to: "c", amount: 3 },
];

describe("flows between chains", () => {
  const { left, right, bands } = layOut(FLOWS, ORDER, 120, 10);

  it("fill the height, less the gaps of the side with more chains", () => {
    expect(left.map(({ chain, height }) => [chain, height])).toEqual([
      ["a", 90],
      ["b", 10],
    ]);
    expect(right.map(({ chain, height }) => [chain, height])).toEqual([
      ["a", 10],
      ["b", 60],
      ["c", 30],
    ]);
    expect(right.at(-1)!.top + right.at(-1)!.height).toBe(120);
  });

  it("leave and arrive inside their chains' bars without overlapping", () => {
    for (const [bars, end, at] of [
      [left, "from", "leaves"],
      [right, "to", "arrives"],
    ] as const) {
      for (const bar of bars) {
        const own = bands.filter((band) => band[end] === bar.chain);
        const ends = own.map((band) => [band[at], band[at] + band.thickness] as const);
        ends.sort(([a], [b]) => a - b);
        expect(ends[0]![0]).toBeCloseTo(bar.top);
        expect(ends.at(-1)![1]).toBeCloseTo(bar.top + bar.height);
        ends.slice(1).forEach(([top], index) => expect(top).toBeCloseTo(ends[index]![1]));
      }
    }
  });

  it("of nothing are nothing", () => {
    expect(layOut([], ORDER, 100, 10)).toEqual({ left: [], right: [], bands: [] });
    expect(layOut([{ from: "a", to: "b", amount: 0 }], ORDER, 100, 10).bands).toEqual([]);
  });
});
