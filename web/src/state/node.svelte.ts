//! What the whole page knows of the node, and how it names and colours the chains.

import { api, ask, type Schemas, type Trouble } from "../api/client";
import { Resource } from "../api/resource.svelte";
import { key } from "./key.svelte";

/** How often the heights of the chains are read. */
const EVERY = 2_000;
/** How many colours there are for chains. */
const HUES = 6;

class Node {
  #status = $state.raw<Resource<Schemas["NodeStatus"]>>();

  /** Begins to read; to be called once, while the outermost component is made. */
  begin(): void {
    const read = () => {
      // Another key may see other things.
      void key.value;
      return async (signal: AbortSignal) => {
        const status = await ask(api.GET("/v1/status", { signal }));
        if (!status.swaps) return status;
        // The status tells of the chains between which packets cross; swaps may need others.
        const chains = await ask(api.GET("/v1/chains", { signal }));
        return { ...status, chains: chains.items };
      };
    };
    this.#status = new Resource(read, { on: ["alert"], every: EVERY });
  }

  get status(): Schemas["NodeStatus"] | undefined {
    return this.#status?.value;
  }

  get trouble(): Trouble | undefined {
    return this.#status?.trouble;
  }

  /** The chains' ids, in the order of the configuration. */
  get chains(): string[] {
    return this.status?.chains.map(({ id }) => id) ?? [];
  }

  /** What people call a chain. */
  nameOf(chain: string): string {
    return this.status?.chains.find(({ id }) => id === chain)?.name ?? chain;
  }

  /** Which of the colours for chains a chain has: by its place, so that neighbours differ. */
  hueOf(chain: string): number {
    const place = this.chains.indexOf(chain);
    return place < 0 ? HUES - 1 : place % HUES;
  }
}

export const node = new Node();
