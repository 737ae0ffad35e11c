package dev.gnserve.model;

/**
 * From which probability on something counts, and how large an object must be.
 *
 * @param mask a pixel belongs to a class from this probability on; a request may ask for another
 * @param seed an object grows from pixels of at least this probability
 * @param minimumSeedArea pixels that such a seed needs
 * @param minimumArea objects of fewer pixels are left out
 */
public record Thresholds(float mask, float seed, int minimumSeedArea, int minimumArea) {

    public Thresholds {
        if (!(mask >= 0 && mask <= 1 && seed >= 0 && seed <= 1)) {
            throw new IllegalArgumentException(
                    "thresholds mask and seed are " + mask + " and " + seed + ", allowed is 0 to 1");
        }
        if (minimumSeedArea < 0 || minimumArea < 0) {
            throw new IllegalArgumentException(
                    "areas are " + minimumSeedArea + " and " + minimumArea + " pixels, allowed is 0 or more");
        }
    }
}
