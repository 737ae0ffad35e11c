"""Runs the Python client of gnserve against a service."""

import os
import time
from io import BytesIO
from pathlib import Path

from gnserve.api.inference import detect, segment
from gnserve.api.jobs import get_job, get_job_result
from gnserve.client import Client
from gnserve.models import (
    DetectFilesBody, Job, JobState, MaskEncoding, Masks, Problem, SegmentationResponse, SegmentFilesBody,
)
from gnserve.types import UNSET, File

client = Client(base_url=os.environ["SERVICE"])
model = "nuclei-unet-gn"
parameters = {"client": client, "threshold": 0.4, "masks": Masks.POLYGON}


def image() -> File:
    return File(payload=BytesIO(Path(os.environ["IMAGE"]).read_bytes()), file_name="nuclei.png", mime_type="image/png")


segmented = segment.sync_detailed(model, body=SegmentFilesBody(image=[image()]), x_request_id="of-python", **parameters)
assert segmented.headers["X-Request-Id"] == "of-python"
assert isinstance(segmented.parsed, SegmentationResponse), segmented
found = segmented.parsed.images[0]
assert (found.name, found.width) == ("nuclei.png", 256)
nuclei = found.objects
assert nuclei and nuclei[0].mask.encoding == MaskEncoding.POLYGON

problem = detect.sync(model, client=client, body=DetectFilesBody(image=[image()]))
assert isinstance(problem, Problem) and (problem.status, problem.code) == (409, "WRONG_TASK"), problem

job = segment.sync(model, body=SegmentFilesBody(image=[image()]), prefer="respond-async", **parameters)
for _ in range(600):
    assert isinstance(job, Job), job
    if job.finished is not UNSET:
        break
    time.sleep(0.1)
    job = get_job.sync(job.id, client=client)
assert job.state == JobState.SUCCEEDED, job
assert (job.progress.done, job.progress.total) == (1, 1), job
answer = SegmentationResponse.from_dict(get_job_result.sync(job.id, client=client).to_dict())
assert len(answer.images[0].objects) == len(nuclei)

print(f"Python: {len(nuclei)} nuclei, at once and as a job; {problem.code}")
