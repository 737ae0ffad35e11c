// The page: models, images and results, and the way between them.

import { askJson, key, modelPath } from "./api.js";
import { Catalog } from "./catalog.js";
import { byId, el } from "./dom.js";
import { acceptFiles } from "./intake.js";
import { closeModels, openModels } from "./models.js";
import { counted } from "./numbers.js";
import { chosenOptions, optionsAreValid, showOptions } from "./request.js";
import { newItem, Run } from "./run.js";
import { fileOf, loadSamples, showSamples } from "./samples.js";
import { clearShown, showItem } from "./shown.js";
import { problemPart } from "./words.js";

let items = [];
let current = null; // The item that is shown.
let chosen = false; // Whether a person chose it.
let run = null;
let turn = 0; // Of the newest run. What an earlier one still does is ignored.
let samples = [];
let named = null; // A sample that the address names.

// --- Results

function stateOfJob({ state, progress }) {
  return state === "QUEUED" ? "waits for its turn" : progress ? `${progress.done} of ${progress.total} parts` : "running";
}

function stateOf(item) {
  const { state, result, problem } = item;
  if (state === "running") return item.wait ? `busy: again in ${item.wait} s` : item.job ? stateOfJob(item.job) : "running";
  if (state === "failed") return problem.title ?? "failed";
  if (state === "done" && result.objects) return counted(result.objects.length, "object");
  if (state === "done" && result.volume) return counted(result.volume.objects.length, "object");
  if (state === "done" && result.heads) return result.heads.map(({ predictions }) => predictions[0]?.label ?? "none").join(", ");
  return state;
}

function showList() {
  byId("list-part").hidden = items.length < 2;
  if (items.length < 2) return;
  const list = byId("list");
  if (list.children.length !== items.length || list.firstChild.item !== items[0]) {
    list.replaceChildren(...items.map((item) => {
      const made = el("li", {}, el("button", { type: "button", onclick: () => { chosen = true; select(item); } },
        el("span", { class: "file", text: item.name }), el("span", { class: "quiet" })));
      made.item = item;
      return made;
    }));
  }
  for (const { item, firstChild } of list.children) {
    firstChild.lastChild.textContent = stateOf(item);
    firstChild.className = item.state;
    firstChild.setAttribute("aria-current", String(item === current));
  }
}

function showProgress() {
  const ended = items.filter(({ state }) => !["waiting", "running"].includes(state)).length;
  const busy = ended < items.length;
  byId("progress").hidden = !busy;
  if (!busy) return;
  const waiting = items.find(({ wait, state }) => wait && state === "running");
  const bar = byId("bar");
  const progress = items.length === 1 ? items[0].job?.progress : { done: ended, total: items.length };
  if (progress) [bar.max, bar.value] = [progress.total, progress.done];
  else bar.removeAttribute("value");
  byId("progress-text").textContent = waiting
    ? `The service is busy. The page asks again in ${waiting.wait} s.`
    : items.length > 1 ? `${ended} of ${items.length} images`
    : items[0].job ? `${items[0].name}: ${stateOfJob(items[0].job)}` : `${items[0].name} …`;
}

function showProblem(problem, again) {
  byId("problem").replaceChildren(...(problem ? [problemPart(problem, again)] : []));
  if (problem?.code === "UNAUTHENTICATED") openKey();
}

function say(text, again) {
  byId("problem").replaceChildren(el("div", { class: "note" }, el("p", { text }),
    again ? el("button", { type: "button", text: "Run again", onclick: again }) : null));
}

async function select(item) {
  current = item;
  showList();
  showProblem(item.state === "failed" ? item.problem : null, () => start([item]));
  if (item.state !== "done") {
    clearShown();
    if (item.state === "cancelled") say("This image was not sent.", () => start([item]));
    return;
  }
  try {
    await showItem(item, items, (page) => { item.page = page; start([item]); });
  } catch (error) {
    showProblem(error);
  }
}

function itemChanged(item, mine) {
  if (mine !== turn) return;
  showProgress();
  showList();
  if (!["done", "failed"].includes(item.state)) return;
  const good = !chosen && current.state === "failed" ? items.find(({ state }) => state === "done") : null;
  if (good) select(good);
  else if (item === current) select(item);
}

/** Sends some of the items to the chosen model, and those that were on their way. */
async function start(wanted) {
  const mine = ++turn;
  const some = items.filter((item) => wanted.includes(item) || ["waiting", "running"].includes(item.state));
  run?.cancel();
  clearShown();
  showProblem(null);
  const model = catalog.chosen;
  if (!model || !some.length) return;
  if (!optionsAreValid()) {
    for (const item of some) item.state = "cancelled";
    showProgress();
    showList();
    say("Correct the options of the request, then run again.");
    return;
  }
  current = wanted[0];
  chosen = wanted.length < items.length;
  for (const item of some) item.state = "waiting";
  showProgress();
  showList();
  try {
    const labels = await labelsOf(model);
    if (mine !== turn) return;
    run = new Run(some, model, labels, chosenOptions(), (item) => itemChanged(item, mine));
  } catch (problem) {
    if (mine !== turn) return;
    for (const item of some) item.state = "cancelled";
    showProgress();
    showProblem(problem, () => start(wanted));
  }
}

const labels = new Map();

async function labelsOf(model) {
  const path = modelPath(model.name, `?version=${encodeURIComponent(model.version)}`);
  if (!labels.has(path)) labels.set(path, (await askJson(path)).labels ?? []);
  return labels.get(path);
}

function replaceItems(found) {
  items = found.map(newItem);
  start(items);
}

async function runSample(sample) {
  const mine = ++turn;
  run?.cancel();
  try {
    const found = await fileOf(sample);
    if (mine === turn) replaceItems([found]);
  } catch {
    if (mine === turn) showProblem({ title: "The sample cannot be loaded", detail: "", code: "UNREACHABLE" }, () => runSample(sample));
  }
}

byId("cancel").addEventListener("click", () => {
  turn++;
  run?.cancel();
  for (const item of items) if (["waiting", "running"].includes(item.state)) item.state = "cancelled";
  showProgress();
  showList();
  say("Cancelled.", () => start(items.filter(({ state }) => state === "cancelled")));
});

// --- Models

const catalog = new Catalog(modelChanged, (problem) => showProblem(problem, () => catalog.load()));

function modelChanged(model, another) {
  if (!another) return;
  showProblem(null);
  showOptions(model?.task, () => start(items));
  const own = samples.filter((sample) => sample.model === model?.name);
  showSamples(own, runSample);
  if (!model) return;
  if (model.state !== "READY") {
    turn++;
    run?.cancel();
    clearShown();
    byId("progress").hidden = true;
    say(model.state === "LOADING" ? "The model is loading. The page goes on when it is ready." : "This model does not serve. Choose another one.");
    return;
  }
  const sampleOnly = items.every(({ sample }) => sample);
  if (!sampleOnly) start(items);
  else if (own.length) runSample(named?.model === model.name ? named : own[0]);
  else {
    items = [];
    clearShown();
    say("Choose or drop an image.");
  }
  named = null;
}

// --- API key

function openKey(open = true) {
  byId("key-panel").hidden = !open;
  byId("key-toggle").setAttribute("aria-expanded", String(open));
}

function sayKey() {
  byId("key-state").textContent = key.get() ? "A key is in use until this tab is closed." : "";
}

function useKey(value) {
  key.set(value);
  byId("key").value = "";
  sayKey();
  showProblem(null);
  // What is shown came with another key.
  turn++;
  run?.cancel();
  clearShown();
  for (const item of items) Object.assign(item, { state: "cancelled", answer: null, result: null });
  showProgress();
  showList();
  labels.clear();
  catalog.forget();
  catalog.load();
  if (location.hash === "#models") openModels();
}

byId("key-toggle").addEventListener("click", () => {
  openKey(byId("key-panel").hidden);
  if (!byId("key-panel").hidden) byId("key").focus();
});
byId("key-panel").addEventListener("submit", (event) => {
  event.preventDefault();
  const value = byId("key").value.trim();
  if (/^[\x21-\x7e]*$/.test(value)) useKey(value);
  else byId("key-state").textContent = "A key has only letters, digits and signs of ASCII. Copy it again.";
});
byId("key-forget").addEventListener("click", () => useKey(""));

// --- Address

function showRoute() {
  const models = location.hash === "#models";
  byId("models").hidden = !models;
  byId("try").hidden = models;
  byId("to-try").setAttribute("aria-current", models ? "false" : "page");
  byId("to-models").setAttribute("aria-current", models ? "page" : "false");
  if (models) openModels();
  else closeModels();
}

/** #sample=2 names the second sample of the list. */
function sampleOfAddress() {
  const number = /^#sample=(\d+)$/.exec(location.hash)?.[1];
  return number ? samples[number - 1] ?? null : null;
}

addEventListener("hashchange", () => {
  showRoute();
  const sample = sampleOfAddress();
  if (!sample) return;
  if (catalog.chosen?.name === sample.model) runSample(sample);
  else {
    named = sample;
    items = [];
    catalog.choose(catalog.named(sample.model));
  }
});

acceptFiles(replaceItems);
sayKey();
showRoute();
samples = await loadSamples();
named = sampleOfAddress();
if (named) catalog.prefer(named.model);
catalog.load();
