package dev.gnserve.pipeline;

import io.swagger.v3.oas.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/**
 * How far the answers of a shadow version agreed with those that clients got. Immutable.
 *
 * @param images that both versions answered; a request with tensors counts as one
 * @param failed images that the shadow could not answer
 * @param dropped images that were chosen while another was compared
 * @param agreement mean of {@link ImageTask#agreement}, or of the agreement of tensors, over the images, 0 to 1; null without images
 * @param lowest agreement of one image; null without images
 */
@Schema(name = "ShadowAgreement")
public record ShadowTally(
        @Schema(example = "120") long images,
        @Schema(example = "0") long failed,
        @Schema(example = "3") long dropped,
        @Schema(example = "0.987") @Nullable Double agreement,
        @Schema(example = "0.91") @Nullable Double lowest) {

    static final ShadowTally NONE = new ShadowTally(0, 0, 0, null, null);

    ShadowTally plus(ShadowCompared.Outcome outcome, double value) {
        return switch (outcome) {
            case FAILED -> new ShadowTally(images, failed + 1, dropped, agreement, lowest);
            case DROPPED -> new ShadowTally(images, failed, dropped + 1, agreement, lowest);
            case COMPARED ->
                new ShadowTally(
                        images + 1,
                        failed,
                        dropped,
                        agreement == null ? value : agreement + (value - agreement) / (images + 1),
                        lowest == null ? value : Math.min(lowest, value));
        };
    }
}
