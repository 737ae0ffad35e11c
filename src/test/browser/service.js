// Starts gnserve.jar on a free port.

import { spawn } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const ROOT = process.env.GNSERVE;
export const JAR = join(ROOT, "target/gnserve.jar");
export const sample = (path) => join(ROOT, "src/main/resources/samples", path);

const freePort = () => new Promise((resolve) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

/** A service with some properties, when all its models are ready. */
export async function startService(properties, { path = "", key = "" } = {}) {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "gnserve-browser-"));
  const log = join(folder, "log");
  const output = openSync(log, "w");
  const args = Object.entries({ "server.port": port, "gnserve.trial.enabled": false, ...properties }).map(([name, value]) => `--${name}=${value}`);
  // The second compiler of the JVM costs more than it saves here.
  const java = spawn("java", ["-XX:TieredStopAtLevel=1", "-jar", JAR, "serve", ...args],
    { cwd: folder, stdio: ["ignore", output, output] });
  const stop = () => {
    java.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };
  process.on("exit", stop);
  const url = `http://localhost:${port}${path}/`;
  for (let tried = 0; tried < 2400; tried++) {
    if (java.exitCode !== null) throw new Error(readFileSync(log, "utf8"));
    const models = await fetch(`${url}v1/models`, { headers: key ? { "X-API-Key": key } : {} })
      .then((answer) => answer.json()).then((answer) => answer.models ?? [], () => []);
    if (models.length && models.every(({ state }) => state === "READY")) return { url, stop };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`the service is not ready after 240 s:\n${readFileSync(log, "utf8")}`);
}
