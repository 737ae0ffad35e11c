// Problems in words: what went wrong, and what to do.

import { el } from "./dom.js";

const ADVICE = {
  UNAUTHENTICATED: "Enter an API key of this service at the top of the page.",
  UPLOAD_TOO_LARGE: "Send fewer or smaller files.",
  IMAGE_TOO_LARGE: "Send a smaller image, or cut it into parts.",
  UNSUPPORTED_MEDIA: "Save the image as PNG, JPEG or TIFF and send that file.",
  IMAGE_UNDECODABLE: "The file is broken or cut off. Save or download it again.",
  OVERLOADED: "The service has more work than it can take. Try again in a moment.",
  MODEL_UNAVAILABLE: "Choose another model, or try again when this one is ready.",
  MODEL_NOT_FOUND: "The model is not there any more. Reload the page.",
  SHUTTING_DOWN: "The service ends. Try again in a moment.",
  DEADLINE_EXCEEDED: "The service took too long. Try again, or send a smaller image.",
  ENGINE_FAULT: "The model failed on this image. The log of the service has the cause.",
  INTERNAL_ERROR: "The service failed. Its log has the cause.",
  UNREACHABLE: "Check the connection, and whether the service runs. Then try again.",
};

/** A problem with what to do, and a button that does it again. */
export function problemPart(problem, again) {
  return el("div", { class: "problem" },
    el("p", {}, el("strong", { text: problem.title ?? "This page failed" })),
    el("p", { text: problem.title ? problem.detail : problem.message }),
    ADVICE[problem.code] ? el("p", { text: ADVICE[problem.code] }) : null,
    problem.requestId ? el("p", { class: "quiet", text: `Request ${problem.requestId}` }) : null,
    again ? el("button", { type: "button", onclick: again, text: "Try again" }) : null);
}
