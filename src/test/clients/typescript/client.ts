// Runs the TypeScript client of gnserve against a service.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { components, paths } from "./gnserve.js";

type Schemas = components["schemas"];

const client = createClient<paths>({ baseUrl: process.env.SERVICE });
const image = new Blob([readFileSync(process.env.IMAGE!)], { type: "image/png" });
const body = { body: { image: [] as string[] }, bodySerializer: () => {
  const form = new FormData();
  form.append("image", image, "nuclei.png");
  return form;
} };
const path = { model: "nuclei-unet-gn" };
const query = { threshold: 0.4, masks: "polygon" } as const;

const segmented = await client.POST("/v1/models/{model}/segment", {
  params: { path, query, header: { "X-Request-Id": "of-typescript" } }, ...body,
});
assert.equal(segmented.response.headers.get("X-Request-Id"), "of-typescript");
assert(typeof segmented.data === "object" && "images" in segmented.data, JSON.stringify(segmented.error));
const found: Schemas["SegmentedImage"] = segmented.data.images[0]!;
assert.equal(found.name, "nuclei.png");
assert.equal(found.width, 256);
const nuclei: Schemas["SegmentedObject"][] = found.objects!;
assert.equal(nuclei[0]!.mask!.encoding, "polygon");

const refused = await client.POST("/v1/models/{model}/detect", { params: { path }, ...body });
const problem: Schemas["Problem"] = refused.error!;
assert.equal(problem.status, 409);
assert.equal(problem.code, "WRONG_TASK");

const accepted = await client.POST("/v1/models/{model}/segment", {
  params: { path, query, header: { Prefer: "respond-async" } }, ...body,
});
assert.equal(accepted.response.status, 202);
assert(typeof accepted.data === "object" && "state" in accepted.data);
let job: Schemas["Job"] = accepted.data;
const ofJob = { params: { path: { id: job.id } } };
for (let tries = 0; tries < 600 && !job.finished; tries++) {
  await new Promise((resolve) => setTimeout(resolve, 100));
  const { data, error } = await client.GET("/v1/jobs/{id}", ofJob);
  assert(data, JSON.stringify(error));
  job = data;
}
assert.equal(job.state, "SUCCEEDED");
assert.deepEqual(job.progress, { done: 1, total: 1 });
const result = await client.GET("/v1/jobs/{id}/result", ofJob);
const answer = result.data as Schemas["SegmentationResponse"];
assert.equal(answer.images[0]!.objects!.length, nuclei.length);

console.log(`TypeScript: ${nuclei.length} nuclei, at once and as a job; ${problem.code}`);
