// Functions of both pages.

export const byId = (id) => document.getElementById(id);

export function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** Returns a successful response. For another, throws the title and detail of its problem document. */
export async function answer(response) {
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({ title: response.statusText, detail: "" }));
  throw new Error(`${problem.title}\n${problem.detail}`);
}

/** Fills the select with the models that pass the filter. Loads them again every second while one is loading. */
export async function loadModels(select, wanted, changed) {
  const models = (await (await answer(await fetch("v1/models"))).json()).models.filter(wanted);
  const chosen = select.value;
  select.replaceChildren(...models.map((m) => element("option", { value: m.name, textContent: m.name })));
  if (models.some((m) => m.name === chosen)) select.value = chosen;
  await changed(models);
  if (models.some((m) => m.state === "LOADING")) {
    setTimeout(() => loadModels(select, wanted, changed).catch(show), 1000);
  }
}

/** Shows a button for each sample of a model. The button runs the sample. */
export function showSamples(list, m, run) {
  byId("samples").replaceChildren(...list.filter((s) => m && s.model === m.name).map((sample) => {
    const button = element("button", { type: "button", title: sample.title },
      element("img", { src: sample.file, alt: "" }), sample.title);
    button.addEventListener("click", async () => {
      const blob = await (await fetch(sample.file)).blob();
      run(new File([blob], sample.file.split("/").pop(), { type: blob.type }));
    });
    return button;
  }));
}

/** Runs a file when it is chosen or dropped. */
export function acceptFiles(run) {
  byId("file").addEventListener("change", (event) => {
    if (event.target.files.length) run(event.target.files[0]);
    event.target.value = "";
  });
  const drop = byId("drop");
  drop.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") byId("file").click(); });
  for (const type of ["dragenter", "dragover"]) {
    drop.addEventListener(type, (event) => { event.preventDefault(); drop.classList.add("over"); });
  }
  for (const type of ["dragleave", "drop"]) {
    drop.addEventListener(type, (event) => { event.preventDefault(); drop.classList.remove("over"); });
  }
  drop.addEventListener("drop", (event) => { if (event.dataTransfer.files.length) run(event.dataTransfer.files[0]); });
}

/** Shows an error in place of a result. */
export function show(error) {
  byId("message").className = "problem";
  byId("message").textContent = error.message;
  for (const part of document.querySelectorAll(".result > :not(#message)")) part.hidden = true;
}

/** Runs the sample of a link: #sample=2 is the second of the list. */
export async function runLinkedSample(list, changed) {
  const linked = /^#sample=(\d+)$/.exec(location.hash);
  const sample = linked && list[linked[1] - 1];
  if (!sample) return;
  byId("model").value = sample.model;
  await changed();
  for (const button of byId("samples").children) if (button.title === sample.title) button.click();
}
