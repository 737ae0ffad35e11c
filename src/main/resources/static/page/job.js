// Requests that the service answers later (docs/jobs.md).

import { ask, askPatiently, jsonOf, pause } from "./api.js";

/** From this many bytes on, a file may take longer than a proxy keeps a request open. */
export const LARGE = 2 ** 20;

const LONGEST_PAUSE = 1;

/**
 * The answer to the request of a job, when it is there. The job is deleted then, and where the signal says so.
 *
 * Throws the Problem of the request; an AbortError where the signal says so.
 *
 * @param told is given the state of the job, again and again
 */
export async function answerOf(job, signal, told) {
  const path = `v1/jobs/${encodeURIComponent(job.id)}`;
  try {
    for (let state = job, wait = 0.1; !state.finished; wait = Math.min(LONGEST_PAUSE, 2 * wait)) {
      told(state);
      await pause(wait, signal);
      state = await jsonOf(await askPatiently(path, { signal }));
    }
    return await jsonOf(await ask(`${path}/result`, { signal }));
  } finally {
    ask(path, { method: "DELETE" }).catch(() => {}); // It expires by itself.
  }
}
