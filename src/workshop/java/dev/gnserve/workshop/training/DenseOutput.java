package dev.gnserve.workshop.training;

/** Raw output of an {@link Fcos} for one image, and what it means. Arrays are shared, not copied. */
final class DenseOutput {

    private final int height;
    private final int width;
    private final float[] classLogits;
    private final float[] logDistances;
    private final float[] centreLogits;

    /**
     * The output for an input of this height and width.
     *
     * @param classLogits [locations, classes]
     * @param logDistances [locations, 4]
     * @param centreLogits [locations]
     */
    DenseOutput(int height, int width, float[] classLogits, float[] logDistances, float[] centreLogits) {
        this.height = height;
        this.width = width;
        this.classLogits = classLogits;
        this.logDistances = logDistances;
        this.centreLogits = centreLogits;
    }

    /** float32 [locations, 4]: left, top, right, bottom in input pixels. */
    float[] boxes() {
        float[] boxes = new float[logDistances.length];
        int at = 0;
        for (FcosShape.Level level : FcosShape.LEVELS) {
            int stride = level.stride();
            for (int row = 0; row < height / stride; row++) {
                for (int column = 0; column < width / stride; column++, at += 4) {
                    double x = (column + 0.5) * stride;
                    double y = (row + 0.5) * stride;
                    boxes[at] = (float) (x - distance(at, stride));
                    boxes[at + 1] = (float) (y - distance(at + 1, stride));
                    boxes[at + 2] = (float) (x + distance(at + 2, stride));
                    boxes[at + 3] = (float) (y + distance(at + 3, stride));
                }
            }
        }
        return boxes;
    }

    private double distance(int at, int stride) {
        return 2 * stride * Math.exp(logDistances[at]);
    }

    /** float32 [locations, classes]: the geometric mean of the probability of a class and of centre-ness. */
    float[] scores() {
        int classes = classLogits.length / centreLogits.length;
        float[] scores = new float[classLogits.length];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = (float) Math.sqrt(probability(classLogits[i]) * probability(centreLogits[i / classes]));
        }
        return scores;
    }

    private static double probability(float logit) {
        return 1 / (1 + Math.exp(-logit));
    }
}
