package dev.gnserve.model;

import dev.gnserve.backend.Prediction;

/**
 * How objects are chosen with the decoder stardist. The defaults are those of the package stardist for a model without its own.
 *
 * @param probability a pixel gives a polygon if its probability is above this; a request may set another
 * @param overlap a polygon is dropped if it shares more than this fraction of the smaller one's area with a better one
 */
public record StarDistSpec(float probability, float overlap) implements InstanceSpec {

    /** Polygons of about 500 bytes with 32 rays, of one pixel in ten, and 4 bytes of object numbers. */
    @Override
    public int bytesPerPixel() {
        return 60;
    }

    @Override
    public void require(ModelManifest manifest, Prediction prediction) {
        StarDistOutputs found = StarDistOutputs.of(prediction);
        if (manifest.labels().size() != 1) {
            throw PixelMaps.fault("The decoder stardist needs one label, but model.yaml declares " + manifest.labels());
        }
        found.requireValues();
        PixelMaps.requireStride(manifest, found.probability());
    }

    @Override
    public int[] decisions(ModelManifest manifest, Prediction prediction) {
        float[] values = StarDistOutputs.of(prediction).probability().floats();
        int[] decisions = new int[values.length];
        for (int i = 0; i < values.length; i++) {
            decisions[i] = values[i] > probability ? 1 : 0;
        }
        return decisions;
    }
}
