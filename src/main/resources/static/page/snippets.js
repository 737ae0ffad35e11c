// The request as code, with the parameters that were chosen. The key is not part of it: it is read from the environment.

import { key } from "./api.js";
import { el } from "./dom.js";
import { tabs } from "./tabs.js";

const shell = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const literal = JSON.stringify; // A text of JSON is one of Python, Java and TypeScript.

function curl({ url, file, type, secret }) {
  return `curl --fail-with-body -H ${shell(`Content-Type: ${type}`)} ${secret ? '-H "X-API-Key: $GNSERVE_KEY" ' : ""}\\
     --data-binary ${shell(`@${file}`)} \\
     ${shell(url)}`;
}

function python({ url, file, type, answers, list, secret }) {
  return `import json, ${secret ? "os, " : ""}urllib.request

with open(${literal(file)}, "rb") as image:
    request = urllib.request.Request(
        ${literal(url)},
        image.read(),
        {"Content-Type": ${literal(type)}${secret ? ', "X-API-Key": os.environ["GNSERVE_KEY"]' : ""}})
with urllib.request.urlopen(request) as response:
    result = json.load(response)[${literal(answers)}][0]
print(result[${literal(list)}])`;
}

function java({ url, file, type, secret }) {
  return `import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;

class Ask {
    public static void main(String[] args) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(${literal(url)}))
                .header("Content-Type", ${literal(type)})${secret ? `
                .header("X-API-Key", System.getenv("GNSERVE_KEY"))` : ""}
                .POST(HttpRequest.BodyPublishers.ofFile(Path.of(${literal(file)})))
                .build();
        HttpResponse<String> response =
                HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        System.out.println(response.body());
    }
}`;
}

function typescript({ url, file, type, answers, list, secret }) {
  return `import { readFile } from "node:fs/promises";

const response = await fetch(${literal(url)}, {
  method: "POST",
  headers: { "Content-Type": ${literal(type)}${secret ? ', "X-API-Key": process.env.GNSERVE_KEY ?? ""' : ""} },
  body: await readFile(${literal(file)}),
});
if (!response.ok) throw new Error((await response.json()).detail);
const result = (await response.json()).${answers}[0];
console.log(result[${literal(list)}]);`;
}

const LISTS = { segmentation: "objects", detection: "detections", classification: "predictions", embedding: "embedding", regression: "maps" };

/** The part with the code for one request. */
export function snippets(item, path) {
  const request = {
    url: new URL(path, document.baseURI).href,
    file: item.name.split("/").pop(),
    type: item.file.type.startsWith("image/") ? item.file.type : "application/octet-stream", // The service takes no others.
    answers: item.result.volume ? "volumes" : "images",
    list: LISTS[item.model.task],
    secret: key.get() !== "",
  };
  const code = (made) => () => {
    const said = el("span", { role: "status" });
    const copy = async () => {
      try {
        await navigator.clipboard.writeText(made);
        said.textContent = "Copied.";
      } catch {
        getSelection().selectAllChildren(shown); // Only pages from https or localhost may write to the clipboard.
        said.textContent = "Press Ctrl+C (Cmd+C) to copy.";
      }
    };
    const shown = el("pre", { tabindex: 0, text: made });
    return el("div", {}, el("p", { class: "buttons" }, el("button", { type: "button", text: "Copy", onclick: copy }), said), shown);
  };
  return tabs("Language", [["curl", code(curl(request))], ["Python", code(python(request))], ["Java", code(java(request))],
    ["TypeScript", code(typescript(request))]]);
}
