package dev.gnserve.evaluation;

import dev.gnserve.backend.Prediction;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.PreparedImage;
import dev.gnserve.image.UprightImage;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.pipeline.CollectorFactory;
import dev.gnserve.pipeline.TileCollector;
import dev.gnserve.segmentation.Segmentation;
import dev.gnserve.segmentation.SegmentationTask;
import java.util.List;
import java.util.stream.Stream;

/**
 * One pass through a model of segmentation, and the post-processing of the service for several thresholds. The first result is that of the
 * model as it is, the others are those of the thresholds in their order. A result takes its memory when it is finished.
 *
 * @param thresholds for {@code thresholds.mask}
 * @param manifests with these thresholds, in the same order
 */
record ThresholdSweep(List<Float> thresholds, List<ModelManifest> manifests)
        implements CollectorFactory<List<TileCollector<Segmentation>>> {

    ThresholdSweep {
        thresholds = List.copyOf(thresholds);
        manifests = List.copyOf(manifests);
    }

    @Override
    public TileCollector<List<TileCollector<Segmentation>>> collector(
            ModelManifest manifest, UprightImage image, PreparedImage prepared) {
        long megabytes =
                (3L * image.width() * image.height() * manifest.labels().size() * (manifests.size() + 1)) >> 20;
        long most = (Runtime.getRuntime().maxMemory() / 2) >> 20;
        if (megabytes > most) {
            throw new FailureException(
                    FailureCode.INVALID_REQUEST,
                    "--write-threshold needs %,d MB for an image of %d x %d; give more heap (-Xmx) or smaller images"
                            .formatted(megabytes, image.width(), image.height()));
        }
        return new Collectors(Stream.concat(Stream.of(manifest), manifests.stream())
                .map(each -> SegmentationTask.DEFAULT.collector(each, image, prepared))
                .toList());
    }

    private record Collectors(List<TileCollector<Segmentation>> all)
            implements TileCollector<List<TileCollector<Segmentation>>> {

        @Override
        public void add(Prediction tile) {
            all.forEach(collector -> collector.add(tile));
        }

        @Override
        public List<TileCollector<Segmentation>> finish() {
            return all;
        }
    }
}
