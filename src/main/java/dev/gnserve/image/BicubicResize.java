package dev.gnserve.image;

/**
 * Bicubic scaling with half-pixel centres, equal to PyTorch's {@code F.interpolate(mode="bicubic", align_corners=False)}: cubic
 * convolution (Keys 1981, equation 4) with a = -0.75, no antialiasing, the border continued.
 */
final class BicubicResize {

    private static final double A = -0.75;
    private static final int TAPS = 4;

    private BicubicResize() {}

    static PlanarImage apply(PlanarImage image, int width, int height) {
        Axis columns = new Axis(image.width(), width);
        Axis rows = new Axis(image.height(), height);
        float[] narrow = new float[image.channels() * image.height() * width];
        for (int line = 0; line < image.channels() * image.height(); line++) {
            for (int x = 0; x < width; x++) {
                double sum = 0;
                for (int tap = 0; tap < TAPS; tap++) {
                    sum += columns.weights[x * TAPS + tap]
                            * image.values()[line * image.width() + columns.places[x * TAPS + tap]];
                }
                narrow[line * width + x] = (float) sum;
            }
        }
        float[] values = new float[image.channels() * height * width];
        for (int c = 0; c < image.channels(); c++) {
            for (int y = 0; y < height; y++) {
                int to = (c * height + y) * width;
                for (int tap = 0; tap < TAPS; tap++) {
                    int from = (c * image.height() + rows.places[y * TAPS + tap]) * width;
                    float weight = (float) rows.weights[y * TAPS + tap];
                    for (int x = 0; x < width; x++) {
                        values[to + x] += weight * narrow[from + x];
                    }
                }
            }
        }
        return new PlanarImage(image.channels(), height, width, values);
    }

    /** For each position of an axis the four positions that it is made from, with their weights. */
    private static final class Axis {
        private final int[] places;
        private final double[] weights;

        Axis(int from, int to) {
            places = new int[to * TAPS];
            weights = new double[to * TAPS];
            double scale = (double) from / to;
            for (int i = 0; i < to; i++) {
                double centre = scale * (i + 0.5) - 0.5;
                int first = (int) Math.floor(centre) - 1;
                for (int tap = 0; tap < TAPS; tap++) {
                    places[i * TAPS + tap] = Math.max(0, Math.min(from - 1, first + tap));
                    weights[i * TAPS + tap] = cubic(Math.abs(centre - first - tap));
                }
            }
        }

        private static double cubic(double x) {
            return x <= 1 ? ((A + 2) * x - (A + 3)) * x * x + 1 : x < 2 ? ((A * x - 5 * A) * x + 8 * A) * x - 4 * A : 0;
        }
    }
}
