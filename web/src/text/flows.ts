//! Flows between chains, laid out as a Sankey diagram: chains that send on the left, chains that receive
//! on the right, bands as thick as what crossed.

export interface Flow {
  from: string;
  to: string;
  amount: number;
}

export interface Bar {
  chain: string;
  amount: number;
  top: number;
  height: number;
}

export interface Band extends Flow {
  /** Where the band leaves and arrives, from the top. */
  leaves: number;
  arrives: number;
  thickness: number;
}

export interface Diagram {
  left: Bar[];
  right: Bar[];
  bands: Band[];
}

/** Lays flows out in this height, with gaps between the bars of one side. */
export function layOut(flows: Flow[], order: string[], height: number, gap: number): Diagram {
  const given = flows.filter(({ amount }) => amount > 0);
  const total = given.reduce((sum, { amount }) => sum + amount, 0);
  const sides = [sumsOf(given, "from", order), sumsOf(given, "to", order)] as const;
  const gaps = gap * (Math.max(...sides.map((side) => side.length), 1) - 1);
  const scale = total > 0 ? Math.max(0, height - gaps) / total : 0;
  const [left, right] = sides.map((side) => stack(side, scale, gap, height)) as [Bar[], Bar[]];

  const filled = new Map<Bar, number>();
  const place = (bar: Bar, thickness: number) => {
    const from = filled.get(bar) ?? bar.top;
    filled.set(bar, from + thickness);
    return from;
  };
  const rank = ({ from, to }: Flow) => order.indexOf(from) * order.length + order.indexOf(to);
  const bands = [...given]
    .sort((a, b) => rank(a) - rank(b))
    .flatMap((flow) => {
      const source = left.find(({ chain }) => chain === flow.from);
      const target = right.find(({ chain }) => chain === flow.to);
      if (!source || !target) return [];
      const thickness = flow.amount * scale;
      return [
        { ...flow, leaves: place(source, thickness), arrives: place(target, thickness), thickness },
      ];
    });
  return { left, right, bands };
}

/** A band as an SVG path between two vertical lines. */
export function ribbon({ leaves, arrives, thickness }: Band, from: number, to: number): string {
  const middle = (from + to) / 2;
  const [a, b] = [leaves + thickness, arrives + thickness];
  return (
    `M${from} ${leaves}C${middle} ${leaves} ${middle} ${arrives} ${to} ${arrives}` +
    `V${b}C${middle} ${b} ${middle} ${a} ${from} ${a}Z`
  );
}

/** What each chain sends or receives, in the order given. */
function sumsOf(flows: Flow[], end: "from" | "to", order: string[]): [string, number][] {
  const sums = new Map<string, number>();
  for (const flow of flows) sums.set(flow[end], (sums.get(flow[end]) ?? 0) + flow.amount);
  return [...sums].sort(([a], [b]) => order.indexOf(a) - order.indexOf(b));
}

/** Bars from top to bottom, in the middle of the height. */
function stack(sums: [string, number][], scale: number, gap: number, height: number): Bar[] {
  const used = sums.reduce((sum, [, amount]) => sum + amount * scale, gap * (sums.length - 1));
  let top = (height - used) / 2;
  return sums.map(([chain, amount]) => {
    const bar = { chain, amount, top, height: amount * scale };
    top += bar.height + gap;
    return bar;
  });
}
