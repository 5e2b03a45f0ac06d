//! What changes, as the node tells it: over a WebSocket, resumed after the last event that was seen.
//!
//! A browser's WebSocket sends no `Authorization`, so with an API key the same events are read as
//! server-sent events of an ordinary request.

import { key } from "../state/key.svelte";
import type { Schemas } from "./client";
import { pause, splitMessages } from "./stream";

export type LiveEvent = Schemas["Event"];
export type LiveState = "connecting" | "live" | "reconnecting" | "refused";

type Listener = (event: LiveEvent) => void;

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 15_000;
/** What a connection must last for the next pause to be short again. */
const STEADY = 5_000;

class Live {
  state = $state<LiveState>("connecting");
  /** When the next attempt is made, while `reconnecting`. */
  nextTry = $state<number>();

  #listeners = new Set<Listener>();
  #last: number | undefined;
  #stop: AbortController | undefined;

  /** Begins, or begins anew after the key has changed. */
  start(): void {
    this.#stop?.abort();
    const stop = new AbortController();
    this.#stop = stop;
    this.state = "connecting";
    void this.#run(stop.signal);
  }

  /** Calls the listener for every event until the answer is called. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #run(stop: AbortSignal): Promise<void> {
    let wait = FIRST_PAUSE;
    while (!stop.aborted) {
      const begun = Date.now();
      const refused = await (key.value ? this.#readStream(stop) : this.#readSocket(stop));
      if (stop.aborted) return;
      this.state = refused ? "refused" : "reconnecting";
      if (Date.now() - begun > STEADY) wait = FIRST_PAUSE;
      // Half of it at random, so that the pages of a restarted node do not all come at once.
      const delay = wait / 2 + (Math.random() * wait) / 2;
      this.nextTry = Date.now() + delay;
      await pause(delay, stop);
      this.nextTry = undefined;
      wait = Math.min(wait * 2, LONGEST_PAUSE);
    }
  }

  #query(): string {
    return this.#last === undefined ? "" : `?after=${this.#last}`;
  }

  #opened(): void {
    // Without a number to resume from, what happened while nobody listened is not known.
    const missed = this.state === "reconnecting" && this.#last === undefined;
    this.state = "live";
    if (missed) this.#tell(RESET);
  }

  #received(text: string): void {
    const event = JSON.parse(text) as LiveEvent;
    if (event.id > 0) this.#last = event.id;
    this.#tell(event);
  }

  #tell(event: LiveEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** Ends when the socket does. */
  #readSocket(stop: AbortSignal): Promise<false> {
    return new Promise((resolve) => {
      const address = new URL(`./v1/events/ws${this.#query()}`, document.baseURI);
      address.protocol = address.protocol.replace("http", "ws");
      const socket = new WebSocket(address);
      const close = () => socket.close();
      stop.addEventListener("abort", close, { once: true });
      socket.onopen = () => this.#opened();
      socket.onmessage = ({ data }) => {
        if (typeof data === "string") this.#received(data);
      };
      socket.onclose = () => {
        stop.removeEventListener("abort", close);
        resolve(false);
      };
    });
  }

  /** Ends when the stream does; whether the key was refused. */
  async #readStream(stop: AbortSignal): Promise<boolean> {
    try {
      const headers = { authorization: `Bearer ${key.value}`, accept: "text/event-stream" };
      const response = await fetch(`./v1/events${this.#query()}`, { headers, signal: stop });
      if (response.status === 401 || response.status === 403) return true;
      if (!response.ok || !response.body) return false;
      this.#opened();
      for await (const data of splitMessages(response.body)) this.#received(data);
    } catch {
      // The network: another attempt is made either way.
    }
    return false;
  }
}

const RESET: LiveEvent = {
  id: 0,
  kind: "reset",
  subject: "",
  status: "",
  done: false,
  at: new Date(0).toISOString(),
};

export const live = new Live();
