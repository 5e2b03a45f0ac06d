import { key } from "../state/key.svelte";
import { ask } from "./client";
import { Resource } from "./resource.svelte";

/** What a page is about: one thing that a packet carries, or is, read anew whenever the packet changes. */
export function followed<T>(
  id: () => string,
  get: (
    params: { path: { id: string } },
    signal: AbortSignal,
  ) => Promise<{ data?: T; error?: unknown; response: Response }>,
): Resource<T> {
  return new Resource(
    () => {
      // Whoever gives another key may be told more.
      void key.value;
      const params = { path: { id: id() } };
      return (signal) => ask(get(params, signal));
    },
    { on: ["packet"], only: ({ subject }) => subject === id() },
  );
}
