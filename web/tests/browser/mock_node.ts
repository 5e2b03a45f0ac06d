//! A node that answers from fixtures, and the built page: what the browser sees of a real one.

import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";

import { WebSocketServer, type WebSocket } from "ws";

import type { Schemas } from "../../src/api/client";
import { answers, packet, status } from "./fixtures";

const DIST = join(import.meta.dirname, "../../dist");
const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
};
/** As the node sends it, so that what it forbids fails here. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

type Answer = { status: number; body: unknown };

export class MockNode {
  /** Refuses every request without this key. */
  key: string | undefined;
  /** Answers every request with a problem. */
  broken = false;
  /** Lists are empty. */
  empty = false;
  /** What was asked for, path and query. */
  readonly asked: string[] = [];
  readonly items = structuredClone(answers);

  #server = createServer((request, response) => this.#handle(request, response));
  #sockets = new WebSocketServer({ noServer: true });
  #streams = new Set<ServerResponse>();
  #events: Schemas["Event"][] = [];

  constructor() {
    this.#server.on("upgrade", (request, socket, head) => {
      this.asked.push(request.url ?? "");
      if (this.key !== undefined || this.broken) {
        socket.end("HTTP/1.1 401 Unauthorized\r\n\r\n");
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (opened) => this.#resume(opened, request));
    });
  }

  async start(port = 0): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** Stops, and breaks every connection. */
  async stop(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Tells of a change. */
  tell(kind: Schemas["EventKind"], subject: string, status: string): void {
    const id = this.#events.length + 1;
    const event = { id, kind, subject, status, done: false, at: new Date().toISOString() };
    this.#events.push(event);
    for (const socket of this.#sockets.clients) socket.send(JSON.stringify(event));
    for (const stream of this.#streams)
      stream.write(`id: ${id}\ndata: ${JSON.stringify(event)}\n\n`);
  }

  #resume(socket: WebSocket, request: IncomingMessage): void {
    const after = new URL(request.url ?? "", "http://node").searchParams.get("after");
    if (after === null) return;
    for (const event of this.#events.slice(Number(after))) socket.send(JSON.stringify(event));
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "", "http://node");
    if (!url.pathname.startsWith("/v1/")) return this.#file(url.pathname, response);
    this.asked.push(url.pathname + url.search);
    const refused = this.#refuse(request);
    if (!refused && url.pathname === "/v1/events") {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(": here\n\n");
      this.#streams.add(response);
      response.on("close", () => this.#streams.delete(response));
      return;
    }
    const { status, body } = refused ?? this.#answer(url);
    const kind = status < 400 ? "application/json" : "application/problem+json";
    response.writeHead(status, { "content-type": kind }).end(JSON.stringify(body));
  }

  #refuse(request: IncomingMessage): Answer | undefined {
    if (this.broken) {
      const detail = "the store does not answer: database is locked";
      return problem(503, "unavailable", "It cannot be told at the moment", detail);
    }
    if (this.key !== undefined && request.headers.authorization !== `Bearer ${this.key}`) {
      const detail = "send an API key in the header `Authorization: Bearer …`";
      return problem(401, "unauthenticated", "A valid API key is needed", detail);
    }
    return undefined;
  }

  #answer(url: URL): Answer {
    const [, , kind = "", ...rest] = url.pathname.split("/").map(decodeURIComponent);
    const id = rest.join("/");
    if (kind === "status") return ok({ ...status, ...(this.empty && EMPTY) });
    if (kind === "packets") return found(packet(id));
    if (kind === "swaps" && id === "offers") return this.#page(this.items.offers, url);
    if (!isKind(kind))
      return problem(404, "not-found", "There is no such thing here", url.pathname);
    const items = this.items[kind];
    if (id) return found((items as { id?: string }[]).find((item) => item.id === id));
    return this.#page(items, url);
  }

  #page(all: unknown[], url: URL): Answer {
    const { limit = "50", cursor = "0", status } = Object.fromEntries(url.searchParams);
    if (cursor === "torn") {
      const errors = [{ field: "cursor", problem: "this is no cursor of this list" }];
      const refused = problem(400, "bad-cursor", "A parameter makes no sense", "see the field");
      return { ...refused, body: { ...(refused.body as object), errors } };
    }
    const fit = this.empty
      ? []
      : (all as { status?: string }[]).filter((item) => !status || item.status === status);
    const until = Number(cursor) + Number(limit);
    return ok({
      items: fit.slice(Number(cursor), until),
      next: until < fit.length ? String(until) : null,
    });
  }

  #file(path: string, response: ServerResponse): void {
    try {
      const name = path === "/" ? "/index.html" : path;
      const bytes = readFileSync(join(DIST, name));
      const type = TYPES[extname(name)] ?? "application/octet-stream";
      response
        .writeHead(200, { "content-type": type, "content-security-policy": POLICY })
        .end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  }
}

const EMPTY = { routes: [], attestors: [], alerts: [], monitor: null, packets: {}, problems: [] };

const ok = (body: unknown): Answer => ({ status: 200, body });
const found = (body: unknown): Answer =>
  body === undefined
    ? problem(404, "not-found", "There is no such thing here", "no item of that id is known")
    : ok(body);

function problem(status: number, type: string, title: string, detail: string): Answer {
  const instance = "01J9Z0V3";
  return {
    status,
    body: { type: `urn:causeway:problem:${type}`, title, status, detail, instance },
  };
}

function isKind(kind: string): kind is keyof typeof answers {
  return kind in answers;
}
