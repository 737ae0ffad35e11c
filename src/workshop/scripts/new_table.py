"""What gnserve new says of every archive in some folders, as a table: python3 new_table.py gnserve.jar FOLDER...

Each archive is tried without options, and with as many labels as its .json names (two where there is none). A row is wrong if new ends
with 0 and writes another decoder than the archive's form, which its .json lists as "right", or else RIGHT. Needs the Python library
only. other_forms.py makes archives of further forms.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

# Decoders that are right for an archive, by the beginning of its name; others have no meaning but their tensors.
RIGHT = {
    "form_4channel_seg": {"softmax"}, "form_d2_tuple": {"detectron2"}, "form_detr": {"detr"},
    "form_fcos_raw_script": {"fcos"}, "form_fixed_nonsquare": {"softmax"}, "form_fp16": {"softmax", "sigmoid"},
    "form_hfseg_prob": {"probabilities"}, "form_hovernet": {"hovernet"}, "form_m2f_dict": {"mask2former"},
    "form_solov2": {"solov2"}, "form_stardist": {"stardist"}, "form_two_inputs": {"tensors"},
    "small_maskrcnn_gn": {"boxes"}, "video_small": {"tensors"},
    "unet": {"softmax"}, "classifier": {"softmax", "sigmoid"}, "pyramid": {"tensors"}, "queries": {"detr", "tensors"},
}


def new(jar, archive, options):
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(
            ["java", "--add-modules", "jdk.incubator.vector", "-Xmx1g", "-jar", jar, "new", "m", "--from", str(archive),
             "--models-dir", folder, "--json", *options], capture_output=True, text=True, timeout=600)
    if run.returncode == 0:
        found = json.loads(run.stdout)["found"]
        return 0, found["decoder"], found["decoder"] + ": " + found["meaning"]
    lines = [line for line in run.stderr.splitlines() if line and not line.startswith(("WARNING", "[W"))]
    choices = [line for line in lines if line.lstrip().startswith("# ")]
    said = next((line for line in lines if line[0] not in " " and "nothing is written" not in line and line != "Choose:"
                 and "has not returned" not in line and not line.startswith(f"{archive}: a trial pass over ")), "")
    # Which archive it is, the row says already.
    said = said.replace(str(archive) + ": ", "")
    return run.returncode, None, said + (f" ({len(choices)} choices)" if choices else "")


def right(archive):
    described = archive.with_suffix(".json")
    if described.exists() and "right" in (about := json.loads(described.read_text())):
        return set(about["right"])
    return next((decoders for name, decoders in RIGHT.items() if archive.stem.startswith(name)), {"tensors"})


def labels(archive):
    described = archive.with_suffix(".json")
    return json.loads(described.read_text())["labels"] if described.exists() else ["a", "b"]


def main(jar, folders):
    wrong = 0
    print("| archive | without options | with labels |\n| --- | --- | --- |")
    for folder in folders:
        for archive in sorted(p for p in Path(folder).rglob("*") if p.suffix in (".pt", ".pt2")):
            cells = []
            for options in ([], ["--labels", ",".join(labels(archive))]):
                code, decoder, said = new(jar, archive, options)
                bad = code == 0 and decoder not in right(archive) | {"tensors"}
                wrong += bad
                cells.append(f"{'WRONG ' if bad else ''}{code}: {said}".replace("|", "\\|"))
            print(f"| {archive.relative_to(Path(folder).parent)} | {cells[0]} | {cells[1]} |", flush=True)
    print(f"\nWrong with exit code 0: {wrong}")
    return 1 if wrong else 0


sys.exit(main(sys.argv[1], sys.argv[2:]))
