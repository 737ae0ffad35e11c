// Sends images to a model, two at a time, so that the service can batch them.

import { askPatiently, jsonOf, Problem } from "./api.js";
import { answerOf, LARGE } from "./job.js";
import { requestPath } from "./request.js";
import { readImage } from "./result.js";

const AT_ONCE = 2;

/** An image to send. state: waiting, running, done, failed or cancelled. */
export const newItem = ({ file, name, sample = null }) =>
  ({ file, name, sample, page: 1, state: "waiting", wait: 0, job: null, problem: null, answer: null, result: null, model: null, options: {} });

/** One run of some items through a model. */
export class Run {
  #cancelled = new AbortController();
  #changed;

  /**
   * @param labels of the model
   * @param changed is told each item whose state changed
   */
  constructor(items, model, labels, options, changed) {
    this.items = items;
    this.#changed = changed;
    for (const item of items) {
      Object.assign(item, { state: "waiting", problem: null, answer: null, result: null, model, options, wait: 0, job: null });
    }
    const queue = [...items];
    const next = async () => { for (let item = queue.shift(); item; item = queue.shift()) await this.#send(item, labels); };
    this.ended = Promise.all(Array.from({ length: AT_ONCE }, next));
  }

  cancel() {
    this.#cancelled.abort();
    for (const item of this.items) if (["waiting", "running"].includes(item.state)) this.#set(item, { state: "cancelled" });
  }

  #set(item, fields) {
    Object.assign(item, fields);
    this.#changed(item);
  }

  async #send(item, labels) {
    const { signal } = this.#cancelled;
    if (signal.aborted) return;
    this.#set(item, { state: "running" });
    try {
      const body = new FormData();
      body.append("image", item.file, item.name.split("/").pop());
      const waiting = (wait) => { if (!signal.aborted) this.#set(item, { wait }); };
      const path = requestPath(item.model, item.page, item.options);
      const prefer = item.file.size > LARGE ? "respond-async" : undefined; // Without jobs, the service answers at once.
      const response = await askPatiently(path, { method: "POST", body, prefer, signal }, waiting);
      const told = (job) => { if (!signal.aborted) this.#set(item, { job, wait: 0 }); };
      const answer = response.status === 202 ? await answerOf(await jsonOf(response), signal, told) : await jsonOf(response);
      if (signal.aborted) return;
      const image = { ...(answer.volumes?.[0] ?? answer.images[0]), name: item.name };
      if (image.problem) throw new Problem(image.problem);
      this.#set(item, { state: "done", wait: 0, job: null, answer, result: readImage(image, labels) });
    } catch (problem) {
      if (!signal.aborted) this.#set(item, { state: "failed", wait: 0, job: null, problem });
    }
  }
}
