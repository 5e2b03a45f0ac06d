//! The addresses of places on the page: `#/transfers/ID?status=in_flight`.

/** A place on the page. */
export interface Place {
  /** The parts of the path, decoded. */
  path: string[];
  query: URLSearchParams;
}

/** The place that a hash names. */
export function placeOf(hash: string): Place {
  const [path = "", query = ""] = hash.replace(/^#?\/?/, "").split(/\?(.*)/s);
  const parts = path.split("/").filter(Boolean).map(decode);
  return { path: parts, query: new URLSearchParams(query) };
}

/** The address of a place, without the parts of the query that are empty. */
export function hrefOf(path: string[], query: Record<string, string | undefined> = {}): string {
  const given = Object.entries(query).filter((pair): pair is [string, string] => !!pair[1]);
  const search = new URLSearchParams(given).toString();
  return `#/${path.map(encodeURIComponent).join("/")}${search && `?${search}`}`;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
