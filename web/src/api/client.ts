//! The node's API, typed by its own OpenAPI document.

import createClient from "openapi-fetch";

import { key } from "../state/key.svelte";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];

/** A request that was refused or could not be made: an RFC 9457 problem, or something like one. */
export class Trouble extends Error {
  constructor(
    readonly title: string,
    readonly detail: string,
    /** The HTTP status, 0 if there was no answer. */
    readonly status: number,
    /** What is wrong with single fields. */
    readonly fields: Schemas["FieldProblem"][] = [],
    /** The name under which the node's log knows the request. */
    readonly request?: string,
    /** In how many seconds the node wants to be asked again, if it said so. */
    readonly retryAfter?: number,
  ) {
    super(`${title}: ${detail}`);
  }
}

/** The API, asked relative to the page, so that a proxy may serve both below any path. */
export const api = createClient<paths, "application/json">({ baseUrl: "." });

api.use({
  onRequest({ request }) {
    if (key.value) request.headers.set("authorization", `Bearer ${key.value}`);
    return request;
  },
});

/** What the node answered, or the {@link Trouble} that it had. */
export async function ask<T>(
  answer: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<T> {
  let answered;
  try {
    answered = await answer;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Trouble("The node does not answer", "Is it running? This page tries again.", 0);
  }
  const { data, error, response } = answered;
  // An answer of a proxy or of an older node may be anything, a page of HTML too.
  if (response.ok && data !== undefined && typeof data === "object") return data;
  throw troubleOf(error, response);
}

/** A {@link Trouble} from a body that may or may not be a problem as RFC 9457 describes it. */
export function troubleOf(body: unknown, response: Response): Trouble {
  const problem: Partial<Schemas["Problem"]> = isRecord(body) ? body : {};
  const title = typeof problem.title === "string" ? problem.title : response.statusText;
  const detail = typeof problem.detail === "string" ? problem.detail : "";
  const fields = Array.isArray(problem.errors) ? problem.errors : [];
  const request = typeof problem.instance === "string" ? problem.instance : undefined;
  // Absent, and a date in place of seconds, are no number above zero.
  const wait = Number(response.headers.get("retry-after"));
  const retryAfter = wait > 0 ? wait : undefined;
  const { status } = response;
  return new Trouble(title || `HTTP ${status}`, detail, status, fields, request, retryAfter);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
