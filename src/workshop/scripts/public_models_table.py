"""Runs the archives of public_models.py in gnserve: python public_models_table.py FOLDER gnserve.jar TABLE.md PORT [NAME...]

For each archive: gnserve inspect, gnserve verify, and the outputs over the tensor protocol beside eager outputs of the same
input. Then passes in turns with passes of the same model in eager PyTorch, both with one thread; the least of each counts. Results are
kept in FOLDER/results.json, so that a call with names replaces only those; the table has all of them.
"""

import datetime
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import public_models
import torch

KEY = "public-models-admin"
JAVA = ["java", "--add-modules", "jdk.incubator.vector", "-Xmx1500m", "-jar"]
TYPES = {"FP32": np.float32, "FP64": np.float64, "FP16": np.float16, "INT64": np.int64, "INT32": np.int32, "BOOL": np.bool_,
         "UINT8": np.uint8, "INT8": np.int8, "INT16": np.int16}
ROUNDS = 5


class Refused(Exception):
    """What gnserve said instead of a result."""


class Service:
    """A running gnserve, whose folder of models holds one model at a time."""

    def __init__(self, jar, port):
        self.url, self.models = f"http://localhost:{port}", Path(tempfile.mkdtemp())
        self.log = self.models.with_suffix(".log")
        options = [f"--server.port={port}", f"--gnserve.models-dir={self.models}", "--gnserve.repository.enabled=true",
                   f"--gnserve.access.admin-keys={KEY}", "--gnserve.limits.max-upload-size=64MB", "--gnserve.trial.enabled=false"]
        with open(self.log, "w") as log:
            self.process = subprocess.Popen([*JAVA, jar, "serve", *options], stdout=log, stderr=subprocess.STDOUT)
        while True:
            assert self.process.poll() is None, self.log.read_text()
            try:
                self.get("/v2/health/ready")
                break
            except (OSError, Refused):
                time.sleep(1)

    def send(self, path, body=None, headers=None):
        request = urllib.request.Request(self.url + path, body, {"Authorization": "Bearer " + KEY} | (headers or {}))
        try:
            with urllib.request.urlopen(request, timeout=600) as response:
                return response.headers, response.read()
        except urllib.error.HTTPError as problem:
            raise Refused(json.loads(problem.read()).get("error", "")) from None

    def get(self, path):
        return json.loads(self.send(path)[1])

    def load(self, name, archive, manifest):
        shutil.rmtree(self.models / name, ignore_errors=True)
        version = self.models / name / "1"
        version.mkdir(parents=True)
        os.link(archive, version / ("model" + archive.suffix))
        (self.models / name / "model.yaml").write_text(manifest)
        self.send(f"/v2/repository/models/{name}/load", b"")
        for _ in range(600):
            state = next(m for m in self.get("/v1/models")["models"] if m["name"] == name)
            if state["state"] == "READY":
                return
            if state["state"] == "FAILED":
                raise Refused(state["reason"])
            time.sleep(0.2)
        raise Refused("not READY within 2 minutes")

    def unload(self, name):
        try:
            self.send(f"/v2/repository/models/{name}/unload", b"")
        finally:
            shutil.rmtree(self.models / name)

    def infer(self, name, inputs):
        names = [tensor["name"] for tensor in self.get("/v2/models/" + name)["inputs"]]
        described = [{"name": n, "datatype": "FP32", "shape": list(a.shape), "parameters": {"binary_data_size": a.nbytes}}
                     for n, a in zip(names, inputs, strict=True)]
        head = json.dumps({"inputs": described, "parameters": {"binary_data_output": True}}).encode()
        headers, body = self.send(f"/v2/models/{name}/infer", head + b"".join(a.tobytes() for a in inputs),
                                  {"Inference-Header-Content-Length": str(len(head)), "Content-Type": "application/octet-stream"})
        length = int(headers["Inference-Header-Content-Length"])
        at, outputs = length, {}
        for output in json.loads(body[:length])["outputs"]:
            size = output["parameters"]["binary_data_size"]
            outputs[output["name"]] = np.frombuffer(body[at:at + size], TYPES[output["datatype"]]).reshape(output["shape"])
            at += size
        return outputs

    def nanoseconds(self, name):
        """Time of all passes since the start."""
        stats = self.get(f"/v2/models/{name}/stats")["model_stats"][0]
        return sum(batch["compute_infer"]["ns"] for batch in stats["batch_stats"])


def command(jar, *arguments):
    run = subprocess.run([*JAVA, jar, *map(str, arguments)], capture_output=True, text=True, timeout=900)
    said = [line for line in run.stderr.splitlines() if line and not line.startswith(("WARNING", "[W"))]
    return run.returncode, run.stdout, " ".join(said)


def manifest(facts, ending):
    text = "task: tensors\nexecution: {workers: 1, threads: 1}\n"
    shapes = facts["shapes"]
    if ending == "pt" and facts["list"]:
        return text + f"inputs: [{{name: images.0, shapes: [{shapes[0]}]}}]\nbatching: {{whole: true}}\n"
    if ending == "pt" and len(shapes) > 1:
        inputs = [f"{{name: image{i + 1}, shapes: [{shape[1:]}]}}" for i, shape in enumerate(shapes)]
        return text + f"inputs: [{', '.join(inputs)}]\nbatching: {{maxSize: 1}}\n"
    return text + "batching: {maxSize: 1}\n" + (f"warmUp: {{shapes: [{shapes[0][1:]}]}}\n" if ending == "pt" else "")


def shape_options(facts, ending):
    sizes = ["x".join(map(str, shape)) for shape in facts["shapes"]]
    names = ["images.0="] if facts["list"] else [f"image{i + 1}=" for i in range(len(sizes))] if len(sizes) > 1 else [""]
    return [part for name, size in zip(names, sizes) for part in ("--shape", name + size)]


def ordered(outputs, keys):
    """The outputs in PyTorch's order: by the end of their names where PyTorch's have names, else as they come."""
    ends = {name.split(".")[-1]: value for name, value in outputs.items()}
    return [ends[key] for key in keys] if all(key in ends for key in keys) else list(outputs.values())


def differences(expected, outputs):
    """The largest absolute difference, and the largest in relation to the largest value of its output."""
    if [e.shape for e in expected] != [o.shape for o in outputs]:
        raise Refused(f"WRONG: shapes {[o.shape for o in outputs]}, expected {[e.shape for e in expected]}")
    absolute = [float(np.abs(e.astype(np.float64) - o).max(initial=0)) for e, o in zip(expected, outputs)]
    return max(absolute), max(a / max(float(np.abs(e).max(initial=0)), 1e-30) if a else 0.0 for a, e in zip(absolute, expected))


def serve(service, name, archive, facts, arrays, row):
    service.load(name, archive, manifest(facts, archive.suffix[1:]))
    try:
        worst = (0.0, 0.0)
        for batch in (1, 2):
            inputs = [arrays[key] for key in arrays if key.startswith(f"batch{batch}.input")]
            group = "pt2" if archive.suffix == ".pt2" and facts["list"] else f"batch{batch}"
            expected = [arrays[f"{group}.output{i}"] for i in range(len(arrays)) if f"{group}.output{i}" in arrays]
            if inputs:
                worst = tuple(map(max, worst, differences(expected, ordered(service.infer(name, inputs), facts["keys"]))))
        row["absolute"], row["relative"] = worst
        model, arguments = public_models.build(name), public_models.arguments(name)
        inputs = [arrays[key] for key in arrays if key.startswith("batch1.input")]
        eager, passes, whole = [], [], []
        with torch.no_grad():
            model(*arguments)
            for _ in range(ROUNDS):
                began = time.perf_counter()
                model(*arguments)
                eager.append(time.perf_counter() - began)
                before = service.nanoseconds(name)
                began = time.perf_counter()
                service.infer(name, inputs)
                whole.append(time.perf_counter() - began)
                passes.append((service.nanoseconds(name) - before) / 1e9)
        row |= {"eager": min(eager), "pass": min(passes), "whole": min(whole)}
    finally:
        service.unload(name)


def examine(service, jar, name, ending, facts, folder):
    archive, row = folder / f"{name}.{ending}", {"name": name, "form": ending}
    export = facts["exports"][ending]
    if "failed" in export:
        return row | {"refused": "PyTorch does not export it: " + export["failed"]}
    row["how"] = export["how"] if ending == "pt" else {0: "free batch", 1: "batch 1"}[export["how"]]
    code, out, said = command(jar, "inspect", "--json", archive)
    row["inspect"] = code
    if out:
        found = json.loads(out)
        row["layers"] = sum(layer["kind"] == "group-norm" for layer in found["layers"])
        said = found["refusal"] or said
    if code != 0:
        row["inspectSaid"] = said
    if row.get("layers"):
        code, out, said = command(jar, "verify", "--json", "--batch", "2", *shape_options(facts, ending), archive)
        row["verify"] = code
        if out:
            report = json.loads(out)
            verdicts = [call["verdict"] for call in report["calls"]]
            row |= {"calls": len(verdicts), "passed": verdicts.count("PASS"), "unverified": len(report["unverified"]),
                    "verdict": report["verdict"], "verifyReason": report.get("reason"), "invariance": report.get("batchInvariance")}
        else:
            row["verifySaid"] = said
    try:
        serve(service, name, archive, facts, dict(np.load(folder / f"{name}.npz")), row)
    except Refused as refusal:
        row["refused"] = str(refusal)
    return row


def cell(text):
    return str(text).replace("|", "\\|").replace("\n", " ")


HEAD = """# Public models

    python src/workshop/scripts/public_models.py FOLDER                                  (torch, torchvision, timm from PyPI)
    python src/workshop/scripts/public_models_table.py FOLDER target/gnserve.jar docs/measurements/public-models.md PORT

{models} models of torchvision and timm with random weights, each exported by torch.export (`pt2`) and as TorchScript (`pt`, by script
or else by trace). Written with {versions}. gnserve runs them in libtorch 2.7.1. `_gn` in a
name: Group Normalization, of the library's model or in place of batch normalization. The input is one image of 224 x 224 or about that,
or a clip of 8 or 16 frames.

- **{right} of {all} archives give PyTorch's outputs**, within 1e-4 of the largest value of each output; {refused} do not. Of the
  {normalized} archives with Group Normalization, {verified} passed verification in every call: {calls} calls.
- Largest difference: over all outputs of one image, and of two where the batch is free; absolute, and in relation to the largest value
  of the output.
- Pass / eager: the time of the forward pass in the service, divided by that of the same model in eager PyTorch. Request / eager: the whole
  request over HTTP, tensors in and out. One thread each; the least of {rounds} passes that took turns. {machine}
  with compilers and tests beside it, so that single ratios say little. The medians are {passes:.2f} and {requests:.2f}.
- Free batch: one file for 1 to 8 images. Batch 1: torch.export did not take a free batch axis for the model, or its input is a list of
  one image.
- torch.export cannot export torchvision's detectors as they are: their Python decides by the number of boxes found. The script replaces
  four of their functions for it (`exportable`); the heads (`_heads`) need no replacement. The TorchScript archives are as they are.

## Pictures in, objects out

    gnserve new mask --from FOLDER/tv_mask_rcnn_resnet18_gn.pt --labels a,b,c,d            (the same for faster, keypoint)
    python src/workshop/scripts/public_rcnn.py FOLDER http://localhost:8080

One PNG of 280 x 200 by curl to Faster, Mask and Keypoint R-CNN with Group Normalization (ResNet-18, FPN), 2026-11-29, beside what the
archive gives in torch 2.15 with torchvision's library: 20 of 20 objects each, the same labels, edges and keypoints within 0.005 pixel and
scores within 0.00005 (the JSON is rounded to that), and every pixel of the 20 masks.

## Models
"""


def good(row):
    return "relative" in row and row["relative"] <= 1e-4


def median(values):
    return float(np.median(list(values))) if values else float("nan")


def head(rows, folder):
    facts = json.loads((folder / (rows[0]["name"] + ".json")).read_text())["versions"]
    with_layers = [row for row in rows if row.get("layers")]
    verified = [row for row in with_layers if row.get("verdict") == "PASS" and row["calls"] == row["passed"]]
    timed = [row for row in rows if good(row) and "pass" in row]
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.processor())
    return HEAD.format(
        models=len({row["name"] for row in rows}), versions=", ".join(f"{k} {v.split('+')[0]}" for k, v in facts.items()),
        right=sum(map(good, rows)), all=len(rows), refused=sum(not good(row) for row in rows), verified=len(verified),
        normalized=len(with_layers), calls=sum(row["calls"] for row in verified), rounds=ROUNDS,
        machine=f"{cpu} ({os.cpu_count()} virtual cores), {datetime.date.today()},", passes=median([r["pass"] / r["eager"] for r in timed]),
        requests=median([r["whole"] / r["eager"] for r in timed]))


def table(rows, folder):
    yield "| model | form | parameters | GN calls: passed of all | largest difference: absolute, relative | pass / eager | request / eager |"
    yield "| --- | --- | ---: | ---: | --- | ---: | ---: |"
    for row in rows:
        facts = json.loads((folder / (row["name"] + ".json")).read_text())
        form = row["form"] + (", " + cell(row["how"].split(":")[0]) if "how" in row else "")
        calls = f"{row['passed']} of {row['calls']}" if "calls" in row else cell(row.get("verifySaid") or "none" if row.get("layers") == 0 else "")
        start = f"| {row['name']} | {form} | {facts['parameters'] / 1e6:.1f} M | {calls} "
        if "refused" in row:
            yield start + f"| {cell(row['refused'])} | | |"
        else:
            yield start + (f"| {'' if good(row) else 'WRONG '}{row['absolute']:.0e}, {row['relative']:.0e} | {row['pass'] / row['eager']:.2f} "
                           f"| {row['whole'] / row['eager']:.2f} |")


def main(folder, jar, target, port, names):
    folder, results = Path(folder), Path(folder) / "results.json"
    rows = json.loads(results.read_text()) if results.exists() else {}
    torch.set_num_threads(1)
    service = Service(jar, port)
    try:
        for name in names or public_models.MODELS:
            described = folder / f"{name}.json"
            if not described.exists():
                print(name, "is not built", flush=True)
                continue
            facts = json.loads(described.read_text())
            for ending in ("pt2", "pt"):
                row = rows[f"{name}.{ending}"] = examine(service, jar, name, ending, facts, folder)
                print(json.dumps(row), flush=True)
                results.write_text(json.dumps(rows, indent=1))
    finally:
        service.process.terminate()
        service.process.wait()
    chosen = [rows[key] for name in public_models.MODELS for key in (f"{name}.pt2", f"{name}.pt") if key in rows]
    Path(target).write_text(head(chosen, folder) + "\n" + "\n".join(table(chosen, folder)) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:5], sys.argv[5:])
