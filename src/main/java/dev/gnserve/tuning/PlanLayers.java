package dev.gnserve.tuning;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.ExecutionPlan;
import dev.gnserve.backend.Device;
import dev.gnserve.backend.EngineScope;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.model.Accuracy;
import org.jspecify.annotations.Nullable;

/** Compares what a model computes by a plan with what it computes as exported, at every Group Normalization. */
public final class PlanLayers {

    private PlanLayers() {}

    /**
     * The first Group Normalization whose output differs by more than an accuracy allows, with the relative root mean square of the
     * differences: {@code encoder.0.norm1 (2.9e-03)}. Null if none does, or if the model cannot be instrumented.
     *
     * @param image an input of the model, without a batch axis
     */
    public static @Nullable String parting(
            EngineScope scope,
            ArchiveSnapshot archive,
            Device device,
            ExecutionPlan plan,
            FloatTensor image,
            Accuracy accuracy) {
        LayerSamples exported = LayerSamples.of(scope, archive, device, ExecutionPlan.AS_EXPORTED, image);
        LayerSamples planned = exported == null ? null : LayerSamples.of(scope, archive, device, plan, image);
        return exported == null || planned == null ? null : planned.partingFrom(exported, accuracy.mostDifference());
    }
}
