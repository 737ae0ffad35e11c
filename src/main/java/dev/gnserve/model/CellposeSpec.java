package dev.gnserve.model;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;

/**
 * How objects are found with the decoder cellpose. The defaults are those of the package cellpose.
 *
 * @param cellThreshold a pixel belongs to an object if its logit is above this; a request may set another, as a probability
 * @param flowThreshold objects whose pixels flow otherwise than the network says, by more than this mean square, are left out; 0: none
 * @param steps of a pixel along the flows
 * @param minimumArea smaller objects, in pixels, are left out
 * @param maximumFraction larger objects, as a part of the picture, are left out
 */
public record CellposeSpec(float cellThreshold, float flowThreshold, int steps, int minimumArea, float maximumFraction)
        implements InstanceSpec {

    private static final int CHANNELS = 3;

    /**
     * The output with the flows downwards and to the right, five times a unit vector, and the logit of an object: the first one with
     * [3, height, width]. Cellpose also returns a vector of style.
     *
     * @throws dev.gnserve.failure.FailureException ENGINE_FAULT if there is none
     */
    public static Tensor flows(Prediction prediction) {
        return prediction.outputs().values().stream()
                .filter(output -> PixelMaps.isMap(output, CHANNELS))
                .findFirst()
                .orElseThrow(() -> PixelMaps.fault("The model returned " + prediction.outputs()
                        + ", but the decoder cellpose needs an output [3, height, width]: flow downwards, flow to the right, and the"
                        + " logit of a cell."));
    }

    /** Maps and object numbers of 16 bytes, and 32 of flows, or of heat and neighbours. */
    @Override
    public int bytesPerPixel() {
        return 48;
    }

    @Override
    public void require(ModelManifest manifest, Prediction prediction) {
        Tensor flows = flows(prediction);
        if (manifest.labels().size() != 1) {
            throw PixelMaps.fault("The decoder cellpose needs one label, but model.yaml declares " + manifest.labels());
        }
        if (!OutputFacts.of(flows).finite()) {
            throw PixelMaps.fault("The outputs of the model contain NaN or infinity.");
        }
        PixelMaps.requireStride(manifest, flows);
    }

    @Override
    public int[] decisions(ModelManifest manifest, Prediction prediction) {
        Tensor flows = flows(prediction);
        float[] values = flows.floats();
        int[] decisions = new int[values.length / CHANNELS];
        for (int i = 0; i < decisions.length; i++) {
            decisions[i] = values[2 * decisions.length + i] > cellThreshold ? 1 : 0;
        }
        return decisions;
    }
}
