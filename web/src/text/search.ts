/** What one can look for. */
export type Field = "tx" | "sender" | "receiver" | "client" | "id";

/** What a text is likely to be; the field that is chosen where it may be several. */
export function guess(text: string, chosen: Field): Field {
  const trimmed = text.trim();
  if (/^0x[0-9a-f]{64}$/i.test(trimmed)) return "tx";
  if (/^0x[0-9a-f]{40}$/i.test(trimmed)) return chosen === "receiver" ? "receiver" : "sender";
  if (/^[^~/]+[~/].+[~/]\d+$/.test(trimmed)) return "id";
  return chosen;
}
