package dev.gnserve.segmentation;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The JSON document of a response.
 *
 * @param images in the order of the request's parts; none for a volume
 * @param volumes of a model that takes volumes; absent for images
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record SegmentationResponse(
        @Schema(example = "nuclei-unet-gn") String model,
        @Schema(example = "1") String version,
        @Schema(example = "3f2b8c1e9a7d4f60") String requestId,
        List<SegmentedImage> images,
        @Nullable List<SegmentedVolume> volumes) {}
