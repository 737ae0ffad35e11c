// All tests, one after the other, against two services: one as it comes, and one with keys, a path of its own and a management port.

import { after, before } from "node:test";
import { startBrowser, stopBrowser } from "./browser.js";
import { startService } from "./service.js";
import { formTests } from "./form.js";
import { guardedTests, KEY, OTHER_KEY } from "./guarded.js";
import { jobTests } from "./jobs.js";
import { lookTests } from "./look.js";
import { otherTests } from "./other.js";
import { takeTests } from "./take.js";
import { trustTests } from "./trust.js";
import { tryTests } from "./try.js";
import { wrongTests } from "./wrong.js";

const open = {};
const guarded = {};

before(async () => {
  const [first, second] = await Promise.all([
    startService({ "gnserve.limits.max-upload-size": "2MB", "gnserve.jobs.dir": "jobs" }),
    startService({
      "gnserve.access.api-keys": `${KEY},${OTHER_KEY}`, "gnserve.models": "nuclei-unet-gn",
      "server.servlet.context-path": "/cells", "management.server.port": 0,
    }, { path: "/cells", key: KEY }),
    startBrowser(),
  ]);
  Object.assign(open, first);
  Object.assign(guarded, second);
});

after(async () => {
  await stopBrowser();
  open.stop?.();
  guarded.stop?.();
});

for (const tests of [tryTests, lookTests, otherTests, takeTests, trustTests, jobTests, wrongTests, formTests]) tests(open);
guardedTests(guarded);
