//! How things are written.

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** What two clocks may differ by without anything being in the future. */
const CLOCKS_DIFFER = 5 * SECOND;

/** A span of time in its two largest units: `3 d 4 h`, `12 s`. */
export function span(milliseconds: number): string {
  const rest = Math.max(0, milliseconds);
  const two = (large: number, unit: string, small: number, smallUnit: string) => {
    const count = Math.floor(rest / large);
    const remainder = Math.floor((rest % large) / small);
    return remainder ? `${count} ${unit} ${remainder} ${smallUnit}` : `${count} ${unit}`;
  };
  if (rest >= DAY) return two(DAY, "d", HOUR, "h");
  if (rest >= HOUR) return two(HOUR, "h", MINUTE, "min");
  if (rest >= MINUTE) return two(MINUTE, "min", SECOND, "s");
  return `${Math.floor(rest / SECOND)} s`;
}

/** How long ago something was, in its largest unit; clocks that differ a little make no future. */
export function ago(then: number, now: number): string {
  const past = now - then;
  if (past < SECOND) return past < -CLOCKS_DIFFER ? `in ${span(-past)}` : "now";
  if (past < MINUTE) return `${Math.floor(past / SECOND)} s ago`;
  if (past < HOUR) return `${Math.floor(past / MINUTE)} min ago`;
  if (past < DAY) return `${Math.floor(past / HOUR)} h ago`;
  return `${Math.floor(past / DAY)} d ago`;
}

/** A moment in full, in the reader's time zone. */
export function moment(time: string): string {
  return new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}

/** A whole number with its thousands apart. */
export function whole(value: number | bigint): string {
  return value.toLocaleString("en-GB").replaceAll(",", "\u202f");
}

/** A decimal number with its thousands apart and so many digits behind the point at most. */
export function decimal(text: string, digits = 6): string {
  const [units = "0", fraction = ""] = text.split(".");
  const shown = fraction.slice(0, digits).replace(/0+$/, "");
  const cut = /[1-9]/.test(fraction.slice(digits));
  return `${whole(BigInt(units))}${shown && `.${shown}`}${cut ? "…" : ""}`;
}

/** A number of one unit and its noun. */
export function count(number: number, noun: string, nouns = `${noun}s`): string {
  return `${whole(number)} ${number === 1 ? noun : nouns}`;
}

/** The two ends of something long that nobody reads. */
export function short(text: string, head = 8, tail = 6): string {
  return text.length <= head + tail + 1 ? text : `${text.slice(0, head)}…${text.slice(-tail)}`;
}
