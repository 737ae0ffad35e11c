package dev.gnserve.cli;

import dev.gnserve.torchscript.NormalizationLayer;
import org.jspecify.annotations.Nullable;

/** A normalization layer with the names of the HTTP contract. */
record LayerJson(
        String name,
        String kind,
        @Nullable Integer groups,
        @Nullable Integer channels,
        @Nullable Double epsilon,
        @Nullable Boolean affine,
        boolean verifiable,
        @Nullable String reason) {

    static LayerJson of(NormalizationLayer layer) {
        return new LayerJson(
                layer.name(),
                layer.kind().toString(),
                layer.groups(),
                layer.channels(),
                layer.epsilon(),
                layer.affine(),
                layer.verifiable(),
                layer.reason());
    }
}
