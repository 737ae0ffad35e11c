package dev.gnserve.model;

import dev.gnserve.backend.Prediction;

/**
 * How nuclei are separated with the decoder hovernet. The defaults are those of MONAI's HoVerNetInstanceMapPostProcessing.
 *
 * @param sobel side of the Sobel operator, in pixels; odd
 * @param markerThreshold a pixel is no marker if the edge at it is at least this strong, 0 to 1
 * @param markerRadius of the disk that markers are opened with, in pixels
 * @param minimumArea smaller areas of nuclei and smaller markers, in pixels, are left out
 */
public record HoverNetSpec(int sobel, float markerThreshold, int markerRadius, int minimumArea)
        implements InstanceSpec {

    public HoverNetSpec {
        if (sobel < 3 || sobel > 31 || sobel % 2 == 0) {
            throw new IllegalArgumentException("sobel is " + sobel + ", allowed are odd numbers from 3 to 31");
        }
    }

    /** Maps of 12 bytes, 16 of edges, areas and markers, and 8 of the watershed. */
    @Override
    public int bytesPerPixel() {
        return 36;
    }

    @Override
    public void require(ModelManifest manifest, Prediction prediction) {
        HoverNetOutputs found = HoverNetOutputs.of(prediction, manifest.output().channels());
        found.requireLogits();
        PixelMaps.requireStride(manifest, found.nucleus());
    }

    @Override
    public int[] decisions(ModelManifest manifest, Prediction prediction) {
        HoverNetOutputs found = HoverNetOutputs.of(prediction, manifest.output().channels());
        int[] nuclei = PixelMaps.winners(found.nucleus());
        if (found.types() != null) {
            int[] types = PixelMaps.winners(found.types());
            for (int i = 0; i < nuclei.length; i++) {
                nuclei[i] = nuclei[i] == 0 ? 0 : 1 + types[i];
            }
        }
        return nuclei;
    }
}
