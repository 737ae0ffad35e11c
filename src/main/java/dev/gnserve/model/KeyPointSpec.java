package dev.gnserve.model;

import java.util.List;

/**
 * Names of the keypoints that a detector gives for each object.
 *
 * @param names in the order of the outputs
 */
public record KeyPointSpec(List<String> names) implements FamilySpec {

    public KeyPointSpec {
        names = List.copyOf(names);
    }

    static KeyPointSpec read(ManifestTree tree) {
        return new KeyPointSpec(List.of(tree.get("/output/keypoints", String[].class, new String[0])));
    }
}
