package dev.gnserve.regression;

import dev.gnserve.backend.OutputDifference;
import dev.gnserve.backend.Prediction;
import dev.gnserve.image.Cancellation;
import dev.gnserve.image.Geometry;
import dev.gnserve.image.PlanarImage;
import dev.gnserve.image.PreparedImage;
import dev.gnserve.image.TileBlender;
import dev.gnserve.image.UprightImage;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.Task;
import dev.gnserve.model.ValueSpec;
import dev.gnserve.model.ValueSpec.Interpolation;
import dev.gnserve.pipeline.ImageTask;
import dev.gnserve.pipeline.TileCollector;
import dev.gnserve.pipeline.Timing;
import dev.gnserve.problem.Problem;
import dev.gnserve.regression.EncodedValues.Encoding;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Regression with the parameters of a request.
 *
 * @param encoding of the values in JSON; null for their statistics only
 */
public record RegressionTask(@Nullable Encoding encoding) implements ImageTask<Regression, RegressedImage> {

    /** As a request without parameters. */
    public static final RegressionTask DEFAULT = new RegressionTask(Encoding.PNG16);

    @Override
    public Task task() {
        return Task.REGRESSION;
    }

    @Override
    public TileCollector<Regression> collector(ModelManifest manifest, UprightImage image, PreparedImage prepared) {
        boolean bicubic = ValueSpec.of(manifest.output()).interpolation() == Interpolation.BICUBIC;
        return bicubic ? new Bicubic(manifest, image, prepared) : new Blended(manifest, image, prepared);
    }

    /** Values at the scale of the network, of the image, and in a file. */
    @Override
    public int bytesPerPixel(ModelManifest manifest) {
        return USUAL_BYTES + 3 * Float.BYTES * manifest.labels().size();
    }

    private static Regression result(ModelManifest manifest, UprightImage image, PlanarImage maps) {
        return new Regression(image, manifest.labels(), ValueSpec.of(manifest.output()), maps);
    }

    /** The values of overlapping tiles are averaged with smooth weights, as probabilities are. */
    private static final class Blended implements TileCollector<Regression> {

        private final ModelManifest manifest;
        private final UprightImage image;
        private final PlanarImage maps;
        private final TileBlender blender;

        Blended(ModelManifest manifest, UprightImage image, PreparedImage prepared) {
            this.manifest = manifest;
            this.image = image;
            int labels = manifest.labels().size();
            int width = image.width();
            maps = new PlanarImage(labels, image.height(), width, new float[labels * image.height() * width]);
            blender = prepared.blender(labels, (y, row) -> {
                for (int label = 0; label < labels; label++) {
                    System.arraycopy(row, label * width, maps.values(), (label * image.height() + y) * width, width);
                }
            });
        }

        @Override
        public void add(Prediction tile) {
            blender.add(ValueSpec.maps(manifest.output(), tile));
        }

        @Override
        public Regression finish() {
            return result(manifest, image, maps);
        }
    }

    /** Of an image that came whole. Without padding, the map becomes as large as the image in one step. */
    private static final class Bicubic implements TileCollector<Regression> {

        private final ModelManifest manifest;
        private final UprightImage image;
        private final PreparedImage prepared;
        private @Nullable PlanarImage maps;

        Bicubic(ModelManifest manifest, UprightImage image, PreparedImage prepared) {
            this.manifest = manifest;
            this.image = image;
            this.prepared = prepared;
        }

        @Override
        public void add(Prediction whole) {
            PlanarImage output = ValueSpec.maps(manifest.output(), whole);
            Geometry geometry = prepared.geometry();
            boolean padded =
                    prepared.tileWidth() != geometry.scaledWidth() || prepared.tileHeight() != geometry.scaledHeight();
            PlanarImage shown = padded
                    ? output.bicubicTo(prepared.tileWidth(), prepared.tileHeight())
                            .corner(geometry.scaledWidth(), geometry.scaledHeight())
                    : output;
            maps = shown.bicubicTo(image.width(), image.height());
        }

        @Override
        public Regression finish() {
            if (maps == null) {
                throw new IllegalStateException("no output was added");
            }
            return result(manifest, image, maps);
        }
    }

    @Override
    public RegressedImage describe(String name, Regression found, Timing timing, Cancellation cancellation) {
        return found.describe(name, encoding, timing);
    }

    @Override
    public byte[] picture(Regression found) {
        return found.overlay(0);
    }

    /** 1 less the size of the difference relative to that of the served values (root mean squares), at least 0. */
    @Override
    public double agreement(Regression served, Regression other) {
        double difference =
                OutputDifference.relative(served.maps().values(), other.maps().values());
        return difference < 1 ? 1 - difference : 0;
    }

    @Override
    public RegressedImage failed(String name, Problem problem) {
        return new RegressedImage(name, null, null, null, null, null, problem);
    }

    @Override
    public RegressionResponse response(LoadedModel model, String requestId, List<RegressedImage> images) {
        return new RegressionResponse(model.name(), model.version(), requestId, images);
    }
}
