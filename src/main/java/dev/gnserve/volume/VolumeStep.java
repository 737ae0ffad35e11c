package dev.gnserve.volume;

import java.util.Arrays;
import java.util.List;

/**
 * One step from values to values: before the model over a whole volume, or after it plane by plane. Immutable. The names are those of
 * BioImage.IO (spec-bioimage-io, v0_5.py).
 */
public sealed interface VolumeStep {

    /**
     * Changes values in place.
     *
     * @param values float32 [channels, voxels]
     */
    void apply(float[] values, int channels, int voxels);

    /** Whether each value depends on the values of its own voxel only, so that the step can run on a part of a volume. */
    default boolean isPointwise() {
        return true;
    }

    /** Bytes of a copy that the step makes, for each value. */
    default int bytesPerValue() {
        return 0;
    }

    /** Values below the minimum become it, those above the maximum that. */
    record Clip(float minimum, float maximum) implements VolumeStep {

        public Clip {
            if (!(minimum < maximum)) {
                throw new IllegalArgumentException("minimum is " + minimum + " and maximum " + maximum
                        + "; allowed is a minimum below the maximum");
            }
        }

        @Override
        public void apply(float[] values, int channels, int voxels) {
            for (int i = 0; i < values.length; i++) {
                values[i] = Math.max(minimum, Math.min(maximum, values[i]));
            }
        }
    }

    /** value times gain plus offset, with one gain and offset for all channels or one for each. */
    record Linear(List<Double> gain, List<Double> offset) implements VolumeStep {

        public Linear {
            gain = List.copyOf(gain);
            offset = List.copyOf(offset);
        }

        @Override
        public void apply(float[] values, int channels, int voxels) {
            for (int c = 0; c < channels; c++) {
                double factor = gain.get(gain.size() == 1 ? 0 : c);
                double added = offset.get(offset.size() == 1 ? 0 : c);
                for (int i = c * voxels; i < (c + 1) * voxels; i++) {
                    values[i] = (float) (values[i] * factor + added);
                }
            }
        }
    }

    /** 1 above the threshold, 0 elsewhere. */
    record Binarize(float threshold) implements VolumeStep {

        @Override
        public void apply(float[] values, int channels, int voxels) {
            for (int i = 0; i < values.length; i++) {
                values[i] = values[i] > threshold ? 1 : 0;
            }
        }
    }

    /** 1 / (1 + exp(-value)). */
    record Sigmoid() implements VolumeStep {

        @Override
        public void apply(float[] values, int channels, int voxels) {
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (1 / (1 + Math.exp(-values[i])));
            }
        }
    }

    /** Softmax over the channels. */
    record Softmax() implements VolumeStep {

        @Override
        public void apply(float[] values, int channels, int voxels) {
            for (int i = 0; i < voxels; i++) {
                float most = Float.NEGATIVE_INFINITY;
                for (int c = 0; c < channels; c++) {
                    most = Math.max(most, values[c * voxels + i]);
                }
                double sum = 0;
                for (int c = 0; c < channels; c++) {
                    double power = Math.exp(values[c * voxels + i] - most);
                    values[c * voxels + i] = (float) power;
                    sum += power;
                }
                for (int c = 0; c < channels; c++) {
                    values[c * voxels + i] /= (float) sum;
                }
            }
        }
    }

    /**
     * (value - mean) / (deviation + epsilon), both of this volume.
     *
     * @param perChannel whether each channel has its own mean and deviation
     * @param nonzero whether values of 0 neither count nor change (MONAI's NormalizeIntensity)
     */
    record ZeroMean(boolean perChannel, double epsilon, boolean nonzero) implements VolumeStep {

        @Override
        public void apply(float[] values, int channels, int voxels) {
            int parts = perChannel ? channels : 1;
            int length = values.length / parts;
            for (int part = 0; part < parts; part++) {
                part(values, part * length, (part + 1) * length);
            }
        }

        private void part(float[] values, int from, int to) {
            double sum = 0;
            long count = 0;
            for (int i = from; i < to; i++) {
                if (!nonzero || values[i] != 0) {
                    sum += values[i];
                    count++;
                }
            }
            if (count == 0) {
                return;
            }
            double mean = sum / count;
            double squares = 0;
            for (int i = from; i < to; i++) {
                if (!nonzero || values[i] != 0) {
                    squares += (values[i] - mean) * (values[i] - mean);
                }
            }
            double deviation = Math.sqrt(squares / count) + epsilon;
            double divisor = deviation == 0 ? 1 : deviation;
            for (int i = from; i < to; i++) {
                if (!nonzero || values[i] != 0) {
                    values[i] = (float) ((values[i] - mean) / divisor);
                }
            }
        }

        @Override
        public boolean isPointwise() {
            return false;
        }
    }

    /**
     * (value - low) / (high - low + epsilon), where low and high are percentiles of this volume with linear interpolation (as numpy).
     *
     * @param low percentile, 0 to 100
     * @param high percentile above it
     * @param perChannel whether each channel has its own percentiles
     */
    record ScaleRange(double low, double high, boolean perChannel, double epsilon) implements VolumeStep {

        public ScaleRange {
            if (!(low >= 0 && low < high && high <= 100)) {
                throw new IllegalArgumentException("low is " + low + " and high " + high
                        + "; allowed are percentiles from 0 to 100, low below high");
            }
        }

        @Override
        public void apply(float[] values, int channels, int voxels) {
            int parts = perChannel ? channels : 1;
            int length = values.length / parts;
            for (int part = 0; part < parts; part++) {
                float[] sorted = Arrays.copyOfRange(values, part * length, (part + 1) * length);
                Arrays.sort(sorted);
                double least = percentile(sorted, low);
                double range = percentile(sorted, high) - least + epsilon;
                double divisor = range == 0 ? 1 : range;
                for (int i = part * length; i < (part + 1) * length; i++) {
                    values[i] = (float) ((values[i] - least) / divisor);
                }
            }
        }

        private static double percentile(float[] sorted, double percent) {
            double at = percent / 100 * (sorted.length - 1);
            int below = (int) at;
            int above = Math.min(below + 1, sorted.length - 1);
            return sorted[below] + (at - below) * ((double) sorted[above] - sorted[below]);
        }

        @Override
        public boolean isPointwise() {
            return false;
        }

        @Override
        public int bytesPerValue() {
            return Float.BYTES;
        }
    }
}
