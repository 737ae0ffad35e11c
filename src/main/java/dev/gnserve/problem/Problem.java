package dev.gnserve.problem;

import io.swagger.v3.oas.annotations.media.Schema;

/**
 * A problem document of RFC 9457, with the members {@code code} and {@code requestId} of this service.
 *
 * @param type identifies the kind of problem; ends with {@code code} in lower case
 * @param title the kind of problem in a few words
 * @param status the HTTP status
 * @param detail what was wrong with this request, with the numbers, and what to do
 * @param code the kind of problem for programs
 * @param requestId the id of the request, as in the {@code X-Request-Id} header and in the log
 */
@Schema(name = "Problem", description = "A problem document (RFC 9457).")
public record Problem(
        @Schema(example = "https://gnserve.dev/problems/image-undecodable")
        String type,

        @Schema(example = "The image cannot be decoded") String title,
        @Schema(example = "422") int status,

        @Schema(example = "a.jpg: the JPEG data end after 1,024 of 54,321 bytes; send the whole file")
        String detail,

        @Schema(
                example = "IMAGE_UNDECODABLE",
                description = "The kind of problem. The responses of each operation list its codes.")
        String code,

        @Schema(example = "3f2b8c1e9a7d4f60") String requestId) {}
