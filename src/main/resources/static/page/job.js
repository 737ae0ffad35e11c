// Requests that the service answers later (docs/jobs.md).

import { Problem, ask, askPatiently, jsonOf, key, pause } from "./api.js";

/** From this many bytes on, a file may take longer than a proxy keeps a request open. */
export const LARGE = 2 ** 20;

const LONGEST_PAUSE = 1;

/** A job outlives a restart of the service and a lost connection: so many questions in a row may find no service. */
const PATIENCE = 120;

/** Whether no answer of the service came. An answer such as 504 with a code of the service is that of the request. */
const isAway = ({ code, status }) =>
  ["UNREACHABLE", "SHUTTING_DOWN"].includes(code) || (code === "" && [502, 503, 504].includes(status));

/**
 * The answer to the request of a job, when it is there. The job is deleted then, and where the signal says so.
 *
 * Throws the Problem of the request; an AbortError where the signal says so.
 *
 * @param told is given the state of the job, again and again
 */
export async function answerOf(job, signal, told) {
  const path = `v1/jobs/${encodeURIComponent(job.id)}`;
  const as = key.get();
  let lost = 0;
  const answer = async (asks, of) => {
    for (;;) {
      try {
        const found = await jsonOf(await asks(of, { signal }));
        lost = 0;
        return found;
      } catch (error) {
        if (!(error instanceof Problem) || !isAway(error) || ++lost > PATIENCE) throw error;
        await pause(LONGEST_PAUSE, signal);
      }
    }
  };
  try {
    for (let state = job, wait = 0.1; !state.finished; wait = Math.min(LONGEST_PAUSE, 2 * wait)) {
      told(state);
      await pause(wait, signal);
      state = await answer(askPatiently, path);
    }
    return await answer(ask, `${path}/result`);
  } finally {
    ask(path, { method: "DELETE", as }).catch(() => {}); // It expires by itself.
  }
}
