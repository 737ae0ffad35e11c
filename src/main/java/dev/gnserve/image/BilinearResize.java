package dev.gnserve.image;

import java.util.Arrays;

/**
 * Antialiased bilinear scaling with half-pixel centres, equal to PyTorch's {@code _upsample_bilinear2d_aa} in float32:
 * a triangle filter whose support grows with the reduction, normalized at the edges, rows first and then columns.
 */
final class BilinearResize {

    private final Filter horizontal;
    private final Filter vertical;

    BilinearResize(int fromWidth, int fromHeight, int toWidth, int toHeight) {
        horizontal = Filter.of(fromWidth, toWidth);
        vertical = Filter.of(fromHeight, toHeight);
    }

    private BilinearResize(Filter horizontal, Filter vertical) {
        this.horizontal = horizontal;
        this.vertical = vertical;
    }

    /** The same scaling that computes a part of the scaled image only. */
    BilinearResize part(LabelMap.Region part) {
        return new BilinearResize(horizontal.part(part.x(), part.width()), vertical.part(part.y(), part.height()));
    }

    PlanarImage apply(PlanarRows image) {
        int channels = image.channels();
        int width = horizontal.to;
        int height = vertical.to;
        float[] values = new float[channels * height * width];
        forEachRow(image, (y, row) -> {
            for (int c = 0; c < channels; c++) {
                System.arraycopy(row, c * width, values, (c * height + y) * width, width);
            }
        });
        return new PlanarImage(channels, height, width, values);
    }

    /** Hands on the scaled rows [channels, width] one by one. */
    void forEachRow(PlanarRows image, RowSink sink) {
        int channels = image.channels();
        int width = horizontal.to;
        // Rows of the source are scaled once each, into as many lines as one output row looks at.
        float[][] lines = new float[vertical.taps][channels * width];
        float[] source = new float[channels * image.width()];
        float[] row = new float[channels * width];
        int done = 0;
        for (int y = 0; y < vertical.to; y++) {
            int first = vertical.first[y];
            int end = first + vertical.count[y];
            for (done = Math.max(done, first); done < end; done++) {
                image.read(0, done, image.width(), source, 0, image.width());
                for (int c = 0; c < channels; c++) {
                    horizontal.row(source, c * image.width(), lines[done % lines.length], c * width);
                }
            }
            vertical.column(y, lines, row);
            sink.accept(y, row);
        }
    }

    /** For each output position, which input positions it averages and with which weights. */
    private static final class Filter {
        private final int to;
        private final int taps;
        private final int[] first;
        private final int[] count;
        private final float[] weights;

        private Filter(int to, int taps) {
            this.to = to;
            this.taps = taps;
            first = new int[to];
            count = new int[to];
            weights = new float[to * taps];
        }

        static Filter of(int from, int to) {
            double scale = (double) from / to;
            double support = Math.max(scale, 1);
            Filter filter = new Filter(to, (int) Math.ceil(support) * 2 + 1);
            for (int i = 0; i < to; i++) {
                double center = scale * (i + 0.5);
                int begin = Math.max((int) (center - support + 0.5), 0);
                int end = Math.min((int) (center + support + 0.5), from);
                double sum = 0;
                for (int j = begin; j < end; j++) {
                    sum += triangle((j - center + 0.5) / support);
                }
                for (int j = begin; j < end; j++) {
                    filter.weights[i * filter.taps + j - begin] =
                            (float) (triangle((j - center + 0.5) / support) / sum);
                }
                filter.first[i] = begin;
                filter.count[i] = end - begin;
            }
            return filter;
        }

        Filter part(int from, int size) {
            Filter part = new Filter(size, taps);
            System.arraycopy(first, from, part.first, 0, size);
            System.arraycopy(count, from, part.count, 0, size);
            System.arraycopy(weights, from * taps, part.weights, 0, size * taps);
            return part;
        }

        private static double triangle(double x) {
            return Math.max(0, 1 - Math.abs(x));
        }

        void row(float[] source, int offset, float[] target, int targetOffset) {
            for (int x = 0; x < to; x++) {
                float sum = 0;
                int in = offset + first[x];
                int weight = x * taps;
                for (int j = 0; j < count[x]; j++) {
                    sum += weights[weight + j] * source[in + j];
                }
                target[targetOffset + x] = sum;
            }
        }

        void column(int y, float[][] lines, float[] target) {
            Arrays.fill(target, 0);
            for (int j = 0; j < count[y]; j++) {
                float weight = weights[y * taps + j];
                float[] line = lines[(first[y] + j) % lines.length];
                for (int x = 0; x < target.length; x++) {
                    target[x] += weight * line[x];
                }
            }
        }
    }
}
