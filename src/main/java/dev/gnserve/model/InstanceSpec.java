package dev.gnserve.model;

import dev.gnserve.backend.Prediction;
import dev.gnserve.failure.FailureException;

/** The options of a decoder that reads separate objects from maps of pixels. Immutable. */
public sealed interface InstanceSpec extends FamilySpec
        permits HoverNetSpec, StarDistSpec, CellposeSpec, WatershedSpec {

    /** Heap that the decoder holds for one pixel or voxel, at most, beside the input, masks and object numbers. */
    int bytesPerPixel();

    /**
     * Requires that outputs are those of the family.
     *
     * @throws FailureException ENGINE_FAULT if they are not; the message says what to change
     */
    void require(ModelManifest manifest, Prediction prediction);

    /**
     * What the network decides at each place of its outputs, as numbers: two predictions with the same numbers give the same objects
     * up to small shifts of their outlines.
     *
     * @throws FailureException ENGINE_FAULT if the outputs are not those of the family
     */
    int[] decisions(ModelManifest manifest, Prediction prediction);
}
