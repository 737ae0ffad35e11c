package dev.gnserve.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.process.MemoryPlan;
import dev.gnserve.segmentation.SegmentationTask;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.util.unit.DataSize;

class PixelBudgetTest {

    @Test
    void aShareThatExceedsTheBudgetIsRefusedUntilOtherSharesAreClosed() {
        PixelBudget budget = new PixelBudget(100, Duration.ZERO);
        Share first = budget.take(60);

        assertThatThrownBy(() -> budget.take(41)).isInstanceOfSatisfying(FailureException.class, e -> {
            assertThat(e.failure().code()).isEqualTo(FailureCode.OVERLOADED);
            assertThat(e.failure().retryAfter()).isPositive();
            assertThat(e.failure().detail()).contains("60", "41", "100", "max-pixels-in-flight");
        });
        budget.take(40).close();
        first.close();
        first.close();

        budget.take(100);
        assertThatThrownBy(() -> budget.take(8)).isInstanceOf(FailureException.class);
    }

    /** 4 GiB, of which the JVM gives the application 1,844 MB of heap with -XX:MaxRAMPercentage=45. */
    @Test
    void theLargestImageOfTheDefaultLimitsFitsIntoTheMemoryOfTheChart() {
        MemoryPlan chart = new MemoryPlan(4_096L << 20, 1_844L << 20);

        PixelBudget budget = new PixelBudget(UploadLimits.DEFAULT, chart);

        budget.take(UploadLimits.DEFAULT.maxPixels()).close();
    }

    /** A photo of 12 million pixels, and 3 GB of heap. 150 labels were measured to take about 7 bytes a pixel each. */
    @Test
    void aSegmentationThatNeverFitsWithItsManyLabelsIsRefused() {
        PixelBudget budget = new PixelBudget(UploadLimits.DEFAULT, new MemoryPlan(8L << 30, 3L << 30));
        ModelManifest manifest = segmentation(150, "sigmoid");
        long price = SegmentationTask.DEFAULT.inBudget(manifest, 12_000_000, 4000, 3000);

        // The rows that are blended have 512 rows of 4,000 values, for each of 150 channels.
        assertThat(price * PixelBudget.BYTES_PER_PIXEL)
                .isGreaterThan(12_000_000L * 150 * 7 + 4L * 150 * 512 * 4000)
                .isLessThan(18L << 30);
        assertThatThrownBy(() -> budget.take(price)).isInstanceOfSatisfying(FailureException.class, e -> {
            assertThat(e.failure().code()).isEqualTo(FailureCode.IMAGE_TOO_LARGE);
            assertThat(e.failure().detail()).contains("send a smaller image");
        });
    }

    /** A photo has few of the 150 classes of a scene: with 1.8 GB of heap, one of 2 million pixels must be answered. */
    @Test
    void ofLabelsThatExcludeEachOtherFewAreReckonedWith() {
        long pixels = 1920 * 1080;
        ModelManifest scaled = segmentation(150, "softmax", "{resize: {mode: stretch, width: 512, height: 512}}");
        long price = SegmentationTask.DEFAULT.inBudget(scaled, pixels, 1920, 1080);

        new PixelBudget(UploadLimits.DEFAULT, new MemoryPlan(4_096L << 20, 1_844L << 20))
                .take(price)
                .close();
    }

    @Test
    void aSegmentationWithOneOrTwoLabelsTakesThePixelsOfTheImage() {
        assertThat(SegmentationTask.DEFAULT.inBudget(segmentation(1, "softmax"), 12_000_000, 4000, 3000))
                .isEqualTo(12_000_000);
        assertThat(SegmentationTask.DEFAULT.inBudget(segmentation(2, "softmax"), 12_000_000, 4000, 3000))
                .isEqualTo(12_000_000);
    }

    /** A PNG of one pixel that a detector enlarges to 1,280 x 1,280 of 3 floats, and a tile of the same size. */
    @Test
    void theInputOfAnEnlargedImageCounts() {
        long input = 1280L * 1280 * 3 * 4;
        ModelManifest fitted = segmentation(1, "softmax", "{resize: {mode: fit, width: 1280, height: 1280}}");

        assertThat(SegmentationTask.DEFAULT.inBudget(fitted, 1, 1, 1)).isEqualTo((19 + 2 * input) / 19);
        // One row of the planes has the picture; the rest of the tile is padding.
        assertThat(SegmentationTask.DEFAULT.inBudget(fitted, 1280, 1280, 1))
                .isEqualTo(1280 + (1280 * 3 * 4 + input) / 19);
        assertThat(SegmentationTask.DEFAULT.inBudget(fitted, 4000 * 3000, 4000, 3000))
                .as("made smaller")
                .isEqualTo(4000 * 3000);
        // The heap of an image of 30 million pixels has room for it.
        new PixelBudget(UploadLimits.DEFAULT, new MemoryPlan(2_048L << 20, 921L << 20))
                .take(SegmentationTask.DEFAULT.inBudget(fitted, 640 * 480, 640, 480))
                .close();
    }

    private static ModelManifest segmentation(int labels, String decoder) {
        return segmentation(labels, decoder, "{tile: {size: 512, overlap: 64}}");
    }

    private static ModelManifest segmentation(int labels, String decoder, String input) {
        String names = IntStream.range(0, labels).mapToObj(i -> "label" + i).collect(Collectors.joining(", "));
        return ManifestReader.read("model.yaml", """
                task: segmentation
                labels: [%s]
                output: {decoder: %s%s}
                input: %s
                """.formatted(
                names, decoder, decoder.equals("softmax") ? ", channels: [background, " + names + "]" : "", input));
    }

    @Test
    void aShareCanBeReducedBeforeItIsClosed() {
        PixelBudget budget = new PixelBudget(100, Duration.ZERO);
        Share share = budget.take(90);

        share.reduceTo(30);
        share.reduceTo(60);

        budget.take(70).close();
        share.close();
        budget.take(100).close();
    }

    @Test
    void aWaitingRequestGetsTheShareThatIsClosed() {
        PixelBudget budget = new PixelBudget(100, Duration.ofSeconds(30));
        Share first = budget.take(60);

        CompletableFuture<Share> waiting = CompletableFuture.supplyAsync(() -> budget.take(50));
        first.close();

        waiting.join().close();
    }

    @Test
    @Timeout(30)
    void takingAtOnceDoesNotOvertakeWaitingRequests() {
        PixelBudget budget = new PixelBudget(100, Duration.ofSeconds(30));
        Share first = budget.take(60);
        CompletableFuture<Share> waiting = CompletableFuture.supplyAsync(() -> budget.take(80));
        for (Share early = budget.takeAtOnce(40); early != null; early = budget.takeAtOnce(40)) {
            early.close(); // Until the other request waits.
        }

        first.close();

        waiting.join().close();
        Share last = budget.takeAtOnce(100);
        assertThat(last).isNotNull();
        assertThat(budget.takeAtOnce(8)).isNull();
    }

    @Test
    void anImageThatNeverFitsIsRefusedForGood() {
        PixelBudget budget = new PixelBudget(140_000_000, Duration.ZERO);

        assertThatThrownBy(() -> budget.take(140_000_001)).isInstanceOfSatisfying(FailureException.class, e -> {
            assertThat(e.failure().code()).isEqualTo(FailureCode.IMAGE_TOO_LARGE);
            assertThat(e.failure().detail()).contains("one image may take 2,536 MB of the Java heap");
        });
        budget.take(140_000_000).close();
    }

    @Test
    void aSmallImageGetsItsShareBesideLargeOnesThatWait() throws Exception {
        PixelBudget budget = new PixelBudget(140, Duration.ofSeconds(30));
        Share first = budget.take(140);
        CompletableFuture<Share> waiting = CompletableFuture.supplyAsync(() -> budget.take(100));

        budget.take(8).close();
        Share one = budget.take(8);
        Share other = budget.take(8);
        assertThat(budget.takeAtOnce(8)).isNull();

        assertThat(waiting).isNotDone();
        first.close();
        waiting.join().close();
        one.close();
        other.close();
    }

    @Test
    void theHeapBoundsTheBudgetUnlessASettingDoes() {
        assertThat(limits(null).pixelsInFlight(10)).isEqualTo(10);
        assertThat(limits(2_000L).pixelsInFlight(5_000)).isEqualTo(2_000);
        assertThatThrownBy(() -> limits(999L)).hasMessageContaining("max-pixels-in-flight is 999");
    }

    private static UploadLimits limits(@Nullable Long pixelsInFlight) {
        return new UploadLimits(DataSize.ofMegabytes(1), null, Duration.ofMinutes(1), 1, 1_000, pixelsInFlight);
    }

    @Test
    void itIsTakenAsLongAsAnImageHoldsAShare() {
        PixelBudget budget = new PixelBudget(1_000, Duration.ZERO);
        assertThat(budget.isTaken()).isFalse();

        Share small = budget.take(1);
        assertThat(budget.isTaken()).isTrue();
        small.close();

        assertThat(budget.isTaken()).isFalse();
    }
}
