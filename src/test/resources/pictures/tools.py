"""Command line tools of Debian, on temporary files. TOOLS may name a folder with them and their libraries."""
import os
import subprocess
import tempfile

ROOT = os.environ.get("TOOLS", "")
ENVIRONMENT = {**os.environ, "PATH": f"{ROOT}/usr/bin:{os.environ['PATH']}", "LD_LIBRARY_PATH": f"{ROOT}/usr/lib/x86_64-linux-gnu"}


def run(command, *inputs):
    """command: with {0}, {1}, ... for the inputs and {out} for the output, whose bytes it returns."""
    with tempfile.TemporaryDirectory() as folder:
        places = [os.path.join(folder, f"in{i}") for i in range(len(inputs))]
        for place, content in zip(places, inputs):
            with open(place, "wb") as file:
                file.write(content)
        out = os.path.join(folder, "out")
        subprocess.run([part.format(*places, out=out) for part in command], check=True, capture_output=True, env=ENVIRONMENT)
        with open(out, "rb") as file:
            return file.read()


def tiffcp(data, *options):
    return run(["tiffcp", *options, "{0}", "{out}"], data)
