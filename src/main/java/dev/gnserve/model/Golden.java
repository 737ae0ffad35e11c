package dev.gnserve.model;

/**
 * An image whose result is known, checked before a model becomes ready.
 *
 * @param image a file beside {@code model.yaml}
 * @param expected another: what the service answered for it in JSON
 * @param tolerance by how much scores may differ, and by how much less than 1 the overlap of boxes or masks may be
 */
public record Golden(String image, String expected, float tolerance) {

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
