package dev.gnserve.instances;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.Geometry;
import dev.gnserve.image.PlanarImage;
import dev.gnserve.image.PreparedImage;
import dev.gnserve.image.TileBlender;
import dev.gnserve.model.ClassProbabilities;
import dev.gnserve.model.HoverNetOutputs;
import dev.gnserve.model.HoverNetSpec;
import dev.gnserve.model.PixelMaps;
import dev.gnserve.pipeline.TileCollector;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Puts the maps of all tiles together, then separates the nuclei of the whole picture, so that no tile cuts one: probabilities and
 * distances are averaged where tiles overlap. Not thread-safe.
 */
final class HoverNetCollector implements TileCollector<Instances> {

    /** Probability of a nucleus, then the distances; types follow. */
    private static final int MAPS = 3;

    private final HoverNetSpec spec;
    private final List<String> channels;
    private final PreparedImage prepared;
    private final float threshold;

    /** Known with the first tile. */
    private @Nullable Picture picture;

    /** @param threshold probability above which a pixel belongs to a nucleus */
    HoverNetCollector(HoverNetSpec spec, List<String> channels, PreparedImage prepared, float threshold) {
        this.spec = spec;
        this.channels = channels;
        this.prepared = prepared;
        this.threshold = threshold;
    }

    @Override
    public void add(Prediction tile) {
        HoverNetOutputs outputs = HoverNetOutputs.of(tile, channels);
        PlanarImage nucleus = probabilities(outputs.nucleus());
        Tensor types = outputs.types();
        int pixels = nucleus.height() * nucleus.width();
        PlanarImage type = types == null ? onlyType(nucleus) : probabilities(types);
        float[] all = new float[(MAPS + channels.size()) * pixels];
        System.arraycopy(nucleus.values(), pixels, all, 0, pixels);
        System.arraycopy(finite(outputs.distances().floats()), 0, all, pixels, 2 * pixels);
        System.arraycopy(type.values(), 0, all, MAPS * pixels, type.values().length);
        if (picture == null) {
            picture = new Picture(
                    PixelMaps.requireStride(outputs.nucleus(), prepared.tileWidth(), prepared.tileHeight()));
        }
        picture.blender.add(new PlanarImage(MAPS + channels.size(), nucleus.height(), nucleus.width(), all));
    }

    /** Without types, every pixel of a nucleus is of the only one, whatever the threshold is. */
    private static PlanarImage onlyType(PlanarImage nucleus) {
        int pixels = nucleus.height() * nucleus.width();
        float[] only = new float[2 * pixels];
        Arrays.fill(only, pixels, 2 * pixels, 1);
        return new PlanarImage(2, nucleus.height(), nucleus.width(), only);
    }

    private static PlanarImage probabilities(Tensor logits) {
        TensorShape shape = logits.shape();
        return ClassProbabilities.softmax(
                new PlanarImage(shape.size(0), shape.size(1), shape.size(2), logits.floats()));
    }

    private static float[] finite(float[] values) {
        for (float value : values) {
            if (!Float.isFinite(value)) {
                throw new FailureException(
                        FailureCode.ENGINE_FAULT,
                        "The model's output horizontal_vertical contains " + value + " for this image.");
            }
        }
        return values;
    }

    @Override
    public Instances finish() {
        return Objects.requireNonNull(picture, "no tile").finish();
    }

    /** The maps of the whole picture, at their own scale. */
    private final class Picture {

        private final int stride;
        private final int width;
        private final HoverNet nuclei;
        private final TileBlender blender;

        Picture(int stride) {
            this.stride = stride;
            Geometry geometry = prepared.geometry();
            width = (geometry.scaledWidth() + stride - 1) / stride;
            nuclei = new HoverNet(spec, width, (geometry.scaledHeight() + stride - 1) / stride);
            blender = prepared.outputBlender(MAPS + channels.size(), stride, this::addRow);
        }

        private void addRow(int y, float[] row) {
            for (int x = 0, at = y * width; x < width; x++, at++) {
                int type = 0;
                for (int i = 1; i < channels.size(); i++) {
                    if (row[(MAPS + i) * width + x] > row[(MAPS + type) * width + x]) {
                        type = i;
                    }
                }
                float probability = row[x];
                nuclei.set(at, probability > threshold, probability, row[width + x], row[2 * width + x], type);
            }
        }

        Instances finish() {
            return nuclei.find(channels.size()).onOriginal(prepared.geometry(), stride);
        }
    }
}
