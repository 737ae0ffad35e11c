package dev.gnserve.model;

/**
 * An image with its expected result, checked before a model becomes ready.
 *
 * @param image a file beside {@code model.yaml}
 * @param expected a file beside {@code model.yaml} with the expected response in JSON
 * @param tolerance allowed difference of scores, and of the overlap of boxes or masks from 1; of a volume, of its outputs
 * @param relativeTolerance of a volume: allowed difference beside it, as a part of an expected output
 * @param mismatchesPerMillion of a volume: outputs of a million that may differ more
 */
public record Golden(
        String image, String expected, float tolerance, float relativeTolerance, int mismatchesPerMillion) {

    /** Of an image. */
    public Golden(String image, String expected, float tolerance) {
        this(image, expected, tolerance, 0, 0);
    }

    public Golden {
        requireName("image", image);
        requireName("expected", expected);
        if (!(tolerance >= 0 && tolerance <= 1)) {
            throw new IllegalArgumentException("tolerance is " + tolerance + ", allowed is 0 to 1");
        }
    }

    private static void requireName(String field, String name) {
        if (!name.matches("[\\w][\\w.-]*")) {
            throw new IllegalArgumentException(
                    field + " is \"" + name + "\", allowed is the name of a file beside model.yaml");
        }
    }
}
