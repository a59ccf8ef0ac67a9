// The line to the sandbox: one call, its answer or its refusal.

import { Refused } from "/sandbox/assets/common.js";

const TIMEOUT_MS = 10000;

/** One JSON call to the sandbox that this page came from. An answer without a body is `null`. */
export async function ask(method, path, body) {
  const response = await fetch(path, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
    credentials: "omit",
    cache: "no-store",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = await response.text();
  const answer = text && response.headers.get("content-type")?.includes("json") ? JSON.parse(text) : null;
  if (!response.ok) throw new Refused(answer?.code || String(response.status), answer?.message || response.statusText);
  return answer;
}

export const get = (path) => ask("GET", path);
export const post = (path, body = {}) => ask("POST", path, body);
export const remove = (path) => ask("DELETE", path);

/** A path with a query of whatever is not empty. */
export function withQuery(path, query) {
  const filled = Object.entries(query).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  const text = new URLSearchParams(filled).toString();
  return text ? `${path}?${text}` : path;
}

/** The path of something that a payment can be told. */
export const ofPayment = (key, deed) => `/sandbox/payments/${encodeURIComponent(key)}/${deed}`;
