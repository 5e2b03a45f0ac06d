import { untrack } from "svelte";

import { live, type LiveEvent } from "./live.svelte";
import { Trouble } from "./client";

export interface Options {
  /** Reads anew when something of these kinds changes. */
  on?: LiveEvent["kind"][];
  /** Reads anew only if this says that the event matters. */
  only?: (event: LiveEvent) => boolean;
  /** Reads anew so many milliseconds after the last answer. */
  every?: number;
  /** At most one request in so many milliseconds, however much happens; for what is large to read. */
  calm?: number;
}

/** The same for what is small. */
const CALM = 400;
/** After a failure, while nothing else makes it read anew. */
const RETRY = 3_000;

/**
 * Something that is read from the node, and kept true while the component lives.
 *
 * What was read stays while it is read anew, and when that fails; `read` is called again when what it
 * depends on changes.
 */
export class Resource<T> {
  value = $state.raw<T>();
  trouble = $state.raw<Trouble>();

  #timer: ReturnType<typeof setTimeout> | undefined;
  #reading: AbortController | undefined;
  #again = false;
  #last = 0;
  #read: ((signal: AbortSignal) => Promise<T>) | undefined;
  #every: number | undefined;
  #calm: number;

  /** `reader` is run at once and whenever what it depends on changes; its answer reads. */
  constructor(reader: () => (signal: AbortSignal) => Promise<T>, options: Options = {}) {
    this.#every = options.every;
    this.#calm = options.calm ?? CALM;
    $effect(() => {
      this.#read = reader();
      this.value = undefined;
      this.trouble = undefined;
      this.#reading?.abort();
      this.#reading = undefined;
      void this.#now();
      return () => this.#stop();
    });
    $effect(() =>
      live.listen((event) => {
        const matters = options.on?.includes(event.kind) && (options.only?.(event) ?? true);
        if (matters || (event.kind === "reset" && options.on)) this.again();
      }),
    );
    // Whatever made the events stop may have made a request fail.
    $effect(() => {
      if (live.state === "live" && untrack(() => this.trouble)) this.again();
    });
  }

  /** Whether nothing is known yet. */
  get loading(): boolean {
    return this.value === undefined && this.trouble === undefined;
  }

  /** Reads anew soon. */
  again(): void {
    if (this.#reading) {
      this.#again = true;
      return;
    }
    this.#in(Math.max(0, this.#last + this.#calm - Date.now()));
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#reading?.abort();
    this.#reading = undefined;
  }

  #in(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#now(), milliseconds);
  }

  async #now(): Promise<void> {
    const read = this.#read;
    if (!read) return;
    clearTimeout(this.#timer);
    const reading = new AbortController();
    this.#reading = reading;
    this.#again = false;
    this.#last = Date.now();
    try {
      const value = await read(reading.signal);
      if (reading.signal.aborted) return;
      this.value = value;
      this.trouble = undefined;
    } catch (error) {
      if (reading.signal.aborted) return;
      this.trouble =
        error instanceof Trouble ? error : new Trouble("This page failed", String(error), 0);
    }
    this.#reading = undefined;
    if (this.#again) this.again();
    else if (this.trouble && retries(this.trouble))
      this.#in(Math.max(RETRY, 1_000 * (this.trouble.retryAfter ?? 0)));
    else if (this.#every) this.#in(document.hidden ? 10 * this.#every : this.#every);
  }
}

/** Whether the same request may fare better later. */
function retries({ status }: Trouble): boolean {
  return status === 0 || status === 429 || status >= 500;
}
