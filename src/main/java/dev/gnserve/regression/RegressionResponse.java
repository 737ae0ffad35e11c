package dev.gnserve.regression;

import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;

/**
 * The JSON document of a response.
 *
 * @param images in the order of the request's parts
 */
public record RegressionResponse(
        @Schema(example = "depth-gn") String model,
        @Schema(example = "1") String version,
        @Schema(example = "3f2b8c1e9a7d4f60") String requestId,
        List<RegressedImage> images) {}
