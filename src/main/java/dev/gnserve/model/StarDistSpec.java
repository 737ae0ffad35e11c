package dev.gnserve.model;

import dev.gnserve.backend.Prediction;

/**
 * How objects are chosen with the decoder stardist. The defaults are those of the package stardist for a model without its own.
 *
 * @param probability a pixel gives a polygon if its probability is above this; a request may set another
 * @param overlap a polygon is dropped if it shares more than this fraction of the smaller one's area with a better one
 */
public record StarDistSpec(float probability, float overlap) implements InstanceSpec {

    /** Heap for the polygons of one pixel. */
    private static final int POLYGON_BYTES = 56;

    /** Polygons, and object numbers. */
    @Override
    public int bytesPerPixel() {
        return POLYGON_BYTES + Integer.BYTES;
    }

    /** The number of polygons for which there is heap: with 32 rays, about one for four pixels. */
    public long mostPolygons(long pixels, int rays) {
        int bytes = 108 + rays * Float.BYTES;
        return pixels * POLYGON_BYTES / bytes;
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
