package dev.gnserve.pipeline;

import dev.gnserve.backend.Tensor;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.Cancellation;
import dev.gnserve.image.NpyHeader;
import dev.gnserve.model.Golden;
import dev.gnserve.model.Inference;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.OutputSpec;
import dev.gnserve.volume.AxisOrder;
import dev.gnserve.volume.Volume;
import dev.gnserve.volume.VolumeShape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Compares a model's outputs for a test tensor with those expected, as BioImage.IO tests a package: the tensor is one window, and an
 * output matches if |given - expected| is at most tolerance + relativeTolerance |expected|. Thread-safe.
 */
public final class VolumeGolden {

    private final VolumePipeline pipeline;

    VolumeGolden(VolumePipeline pipeline) {
        this.pipeline = pipeline;
    }

    /** For commands. */
    public static VolumeGolden forCommands() {
        return new VolumeGolden(VolumePipeline.forCommands());
    }

    /** What differs, in words; null if nothing does. */
    public @Nullable String difference(LoadedModel model, Inference inference, Golden golden) {
        ModelManifest manifest = model.manifest();
        try {
            float[] given = pipeline.whole(
                    new Outputs(), manifest, inference, new Upload(golden.image(), model.file(golden.image())));
            byte[] file = model.file(golden.expected());
            NpyHeader header = NpyHeader.read(file);
            header.requireValues(file, Arrays.stream(header.shape()).reduce(1, Math::multiplyExact));
            long[] shape = header.shape();
            int count = (file.length - header.from()) / header.bytes();
            if (count != given.length || header.fortranOrder()) {
                return "golden.expected " + golden.expected() + " has the shape " + Arrays.toString(shape)
                        + (header.fortranOrder() ? " in Fortran order" : "") + ", and the outputs for " + golden.image()
                        + " are " + given.length + " values in C order";
            }
            return compare(golden, given, header, header.values(file));
        } catch (IOException e) {
            return "its golden volume cannot be checked: " + e.getMessage();
        } catch (FailureException e) {
            return "its golden volume fails: " + e.failure().detail();
        }
    }

    private static @Nullable String compare(Golden golden, float[] given, NpyHeader header, ByteBuffer values) {
        int mismatches = 0;
        double largest = 0;
        int place = 0;
        for (int i = 0; i < given.length; i++) {
            double expected = header.number(values, i);
            double difference = Math.abs(given[i] - expected);
            boolean matches = difference <= golden.tolerance() + golden.relativeTolerance() * Math.abs(expected);
            mismatches += matches ? 0 : 1;
            if (!(difference <= largest)) {
                largest = difference;
                place = i;
            }
        }
        return mismatches <= golden.mismatchesPerMillion() * (given.length / 1e6)
                ? null
                : ("its outputs for %s differ from %s: %d of %d values by more than %s + %s of the expected one; the largest difference"
                                + " is %.3g at value %d (expected %s, given %s)")
                        .formatted(
                                golden.image(),
                                golden.expected(),
                                mismatches,
                                given.length,
                                golden.tolerance(),
                                golden.relativeTolerance(),
                                largest,
                                place,
                                header.number(values, place),
                                given[place]);
    }

    /** The outputs after output.steps, [channels, depth, height, width]. */
    private static final class Outputs implements VolumeTask<float[]> {

        @Override
        public long bytes(ModelManifest manifest, VolumeShape shape) {
            return Float.BYTES * shape.voxels() * manifest.output().channels().size();
        }

        @Override
        public Collector<float[]> collector(ModelManifest manifest, Volume volume, AxisOrder.Grid grid) {
            OutputSpec spec = manifest.output();
            int channels = spec.channels().size();
            int plane = grid.sizes()[1] * grid.sizes()[2];
            float[] all = new float[channels * plane * grid.sizes()[0]];
            return new Collector<>() {
                @Override
                public void plane(int number, float[] outputs) {
                    float[] stepped = spec.stepped(Tensor.of(outputs, channels, grid.sizes()[1], grid.sizes()[2]))
                            .floats();
                    for (int c = 0; c < channels; c++) {
                        System.arraycopy(stepped, c * plane, all, (c * grid.sizes()[0] + number) * plane, plane);
                    }
                }

                @Override
                public float[] finish(Cancellation cancellation) {
                    return all;
                }
            };
        }
    }
}
