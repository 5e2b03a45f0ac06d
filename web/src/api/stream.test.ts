import { describe, expect, it } from "vitest";

import { pause, splitMessages } from "./stream";

async function messages(...pieces: string[]): Promise<string[]> {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(encoder.encode(piece));
      controller.close();
    },
  });
  const found = [];
  for await (const data of splitMessages(body)) found.push(data);
  return found;
}

describe("a stream of server-sent events", () => {
  it("is split where messages end, however its bytes arrive", async () => {
    const text = 'id: 1\nevent: packet\ndata: {"id":1}\n\n: keep-alive\n\ndata: a\ndata: b\r\n\r\n';
    expect(await messages(text)).toEqual(['{"id":1}', "a\nb"]);
    expect(await messages(...text)).toEqual(['{"id":1}', "a\nb"]);
  });

  it("does not tell of a message that was cut off", async () => {
    expect(await messages("data: whole\n\ndata: ha")).toEqual(["whole"]);
  });
});

describe("a pause", () => {
  it("ends when it is stopped", async () => {
    const stop = new AbortController();
    const paused = pause(60_000, stop.signal);
    stop.abort();
    await paused;
  });
});
