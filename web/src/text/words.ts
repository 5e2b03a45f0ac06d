//! What the node's words are called on the page, and how they look.

import type { Schemas } from "../api/client";

/** How something looks: `ok` is over and well, `moving` needs time, `warn` and `bad` need a person. */
export type Tone = "ok" | "moving" | "warn" | "bad" | "idle";

export interface Word {
  text: string;
  tone: Tone;
}

const word = (text: string, tone: Tone): Word => ({ text, tone });

export const TRANSFER: Record<Schemas["TransferStatus"], Word> = {
  in_flight: word("In flight", "moving"),
  arrived: word("Arrived", "ok"),
  completed: word("Completed", "ok"),
  refunding: word("Refunding", "warn"),
  refunded: word("Refunded", "idle"),
};

export const CALL: Record<Schemas["CallStatus"], Word> = {
  in_flight: word("In flight", "moving"),
  executed: word("Executed", "ok"),
  completed: word("Completed", "ok"),
  failed: word("Failed", "bad"),
  expiring: word("Expiring", "warn"),
  expired: word("Expired", "idle"),
};

export const FACT: Record<Schemas["FactName"], Word> = {
  sent: word("Sent", "moving"),
  received: word("Received", "ok"),
  acknowledged: word("Acknowledged", "ok"),
  timed_out: word("Refunded after timeout", "warn"),
};

export const MESSAGE: Record<Schemas["MessageState"], Word> = {
  waiting: word("Waiting", "warn"),
  being_carried: word("Being carried", "moving"),
  skipped: word("Held back by an operator", "bad"),
  done: word("Done", "ok"),
  not_needed: word("Not needed", "idle"),
};

export const SPENT: Record<Schemas["SpentHow"], Word> = {
  claimed: word("Claimed", "ok"),
  refunded: word("Taken back", "idle"),
  spent: word("Spent in an unknown way", "bad"),
};

const SWAP: Record<string, Word> = {
  negotiated: word("Agreed", "moving"),
  lock1_intent: word("First lock under way", "moving"),
  lock1_final: word("First lock final", "moving"),
  lock2_intent: word("Second lock under way", "moving"),
  lock2_final: word("Both locks final", "moving"),
  reveal_intent: word("Second leg being claimed", "moving"),
  claim2_final: word("Second leg claimed", "ok"),
  claim1_intent: word("First leg being claimed", "moving"),
  done: word("Done", "ok"),
  refunding: word("Being taken back", "warn"),
  refunded: word("Taken back", "idle"),
  cancelled: word("Cancelled", "idle"),
  lost: word("Lost", "bad"),
};

/** Where a swap stands; a newer node may use words that this page does not know. */
export function swapWord(status: string): Word {
  return SWAP[status] ?? word(plain(status), "idle");
}

/** `some_name` as `Some name`. */
export function plain(name: string): string {
  const spaced = name.replaceAll("_", " ");
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

/** Which packets are on their way. */
export const OPEN_PACKETS: Schemas["PacketStatus"][] = [
  "observed",
  "final",
  "proven",
  "delivered",
  "timing_out",
];
