package dev.gnserve.model;

import java.util.Collections;
import java.util.List;

/**
 * How the outputs of SOLOv2 (Wang et al. 2020) become objects.
 *
 * @param strides for each level the least pixels of a mask; empty for the usual ones
 * @param peaks whether only places count whose score is the highest of their neighbours to the left and above, as in the authors' code
 */
public record SoloSpec(List<Integer> strides, boolean peaks) implements FamilySpec {

    /** Of the five levels of the paper's network. */
    private static final List<Integer> USUAL = List.of(8, 8, 16, 32, 32);

    public SoloSpec {
        strides = List.copyOf(strides);
    }

    static SoloSpec read(ManifestTree tree) {
        return new SoloSpec(
                List.of(tree.get("/output/strides", Integer[].class, new Integer[0])),
                tree.get("/output/peaks", Boolean.class));
    }

    /**
     * The least pixels of a mask of each level.
     *
     * @throws dev.gnserve.failure.FailureException ENGINE_FAULT if the manifest gives another number of them
     */
    List<Integer> strides(int levels) {
        List<Integer> usual = levels == USUAL.size() ? USUAL : Collections.nCopies(levels, USUAL.get(0));
        List<Integer> known = strides.isEmpty() ? usual : strides;
        if (known.size() != levels) {
            throw HeadGrid.fault("The model returned " + levels + " levels, but output.strides has " + known.size()
                    + " values. Give one for each level: a mask with fewer pixels is left out.");
        }
        return known;
    }
}
