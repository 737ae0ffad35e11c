// Requests to the service: with the key, and with problems as errors.

const KEY = "gnserve-key";

let held = ""; // Where the browser lets no page store anything.

export const key = {
  get() {
    try {
      return sessionStorage.getItem(KEY) ?? held;
    } catch {
      return held;
    }
  },
  set(value) {
    held = "";
    try {
      if (value) sessionStorage.setItem(KEY, value);
      else sessionStorage.removeItem(KEY);
    } catch {
      held = value;
    }
  },
};

/** What went wrong, as a problem document (RFC 9457) tells it, or where there is none, in words of the page. */
export class Problem extends Error {
  constructor({ title, detail = "", status = 0, code = "", requestId = "" }, retryAfter = null) {
    super(detail ? `${title}: ${detail}` : title);
    Object.assign(this, { title, detail, status, code, requestId, retryAfter });
  }
}

async function problemOf(response) {
  const seconds = Number(response.headers.get("Retry-After") ?? NaN);
  const retryAfter = Number.isFinite(seconds) ? seconds : null;
  const document = await response.json().catch(() => null);
  return new Problem(document?.title ? document : {
    title: `The answer is ${response.status} ${response.statusText}`.trim(),
    detail: "It does not come from gnserve, but from a server between it and this page.",
    status: response.status,
    code: response.status === 413 ? "UPLOAD_TOO_LARGE" : "",
  }, retryAfter);
}

/**
 * A successful response.
 *
 * Throws a Problem for any other answer and where none comes; an AbortError where the signal says so.
 *
 * @param as the API key; that of the page if not given
 */
export async function ask(path, { method = "GET", body, accept = "application/json", prefer, signal, as = key.get() } = {}) {
  const headers = { Accept: accept, ...(prefer ? { Prefer: prefer } : {}) };
  if (as) headers["X-API-Key"] = as;
  let response;
  try {
    response = await fetch(path, { method, body, headers, signal, cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({ title: "The service cannot be reached", code: "UNREACHABLE" });
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

/** The JSON of a successful response. Throws a Problem where it is something else, such as the login page of a proxy. */
export async function jsonOf(response) {
  try {
    return await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({ title: "The answer is not JSON", detail: "It does not come from gnserve, or it was cut off.", status: response.status });
  }
}

export const askJson = async (path, options) => jsonOf(await ask(path, options));

const LONGEST_WAIT = 30;
const TRIES = 6;

/** Throws an AbortError where the signal says so. */
export function pause(seconds, signal) {
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const end = () => { clearTimeout(timer); reject(new DOMException("cancelled", "AbortError")); };
    const timer = setTimeout(() => { signal?.removeEventListener("abort", end); resolve(); }, seconds * 1000);
    signal?.addEventListener("abort", end, { once: true });
  });
}

/** As ask. Where the service names a time to wait, asks again after it, some times; waiting(seconds) is told. */
export async function askPatiently(path, options, waiting = () => {}) {
  for (let tried = 1; ; tried++) {
    try {
      return await ask(path, options);
    } catch (problem) {
      const again = [429, 503].includes(problem.status) && problem.retryAfter !== null && tried < TRIES;
      if (!again) throw problem;
      const seconds = Math.min(LONGEST_WAIT, Math.max(1, problem.retryAfter));
      waiting(seconds, problem);
      await pause(seconds, options.signal);
    }
  }
}

export const modelPath = (name, rest = "") => `v1/models/${encodeURIComponent(name)}${rest}`;
