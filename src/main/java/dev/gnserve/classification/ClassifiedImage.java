package dev.gnserve.classification;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.gnserve.image.ClipFrames;
import dev.gnserve.image.PageNumber;
import dev.gnserve.pipeline.Timing;
import dev.gnserve.problem.Problem;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The JSON document of one image: a result, or a name with a problem.
 *
 * @param name the part's file name
 * @param page of the file that was used; absent where it has one
 * @param width of the upright image, in pixels
 * @param height of the upright image, in pixels
 * @param frames of the clips whose scores these are; absent for a model of single images
 * @param predictions best first; absent for a model with several heads
 * @param heads the outputs of a model with several, in the order of its model.yaml; absent for others
 * @param problem of this image, where others of the request succeeded
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record ClassifiedImage(
        @Schema(example = "a.png") String name,
        @Nullable PageNumber page,
        @Schema(example = "224") @Nullable Integer width,
        @Schema(example = "224") @Nullable Integer height,

        @Schema(description = "The frames that were used; absent for a model of single images") @Nullable
        ClipFrames frames,

        @Schema(description = "Labels, best first; absent for a model with several heads") @Nullable
        List<LabelScore> predictions,

        @Schema(description = "The labels of each output of a model with several heads; absent for others") @Nullable
        List<HeadScores> heads,

        @Nullable Timing timing,
        @Nullable Problem problem) {}
