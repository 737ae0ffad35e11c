package dev.gnserve.model;

import org.jspecify.annotations.Nullable;

/**
 * Which version of a model gets which requests, as {@code traffic.yaml} in the folder of the model says it. Immutable.
 *
 * @param main answers requests that name no version; null for the newest version that is ready, apart from the shadow
 * @param shadow null for none
 */
public record Traffic(@Nullable String main, @Nullable Shadow shadow) {

    /** The newest version answers. */
    public static final Traffic NEWEST = new Traffic(null, null);

    /** @throws IllegalArgumentException if the main version is its own shadow */
    public Traffic {
        if (shadow != null && shadow.version().equals(main)) {
            throw new IllegalArgumentException("version " + main
                    + " is the main version and its own shadow. Name another version in one of the two");
        }
    }

    /**
     * A version that gets a copy of requests and whose answers are only compared.
     *
     * @param share of the images of the main version, above 0 to 1
     */
    public record Shadow(String version, double share) {

        /** @throws IllegalArgumentException if the share is not above 0 and at most 1 */
        public Shadow {
            if (!(share > 0 && share <= 1)) {
                throw new IllegalArgumentException(
                        "share is " + share + ", allowed is above 0 to 1: 0.1 copies every tenth image");
            }
        }
    }
}
