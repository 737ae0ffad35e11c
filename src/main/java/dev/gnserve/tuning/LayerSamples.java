package dev.gnserve.tuning;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.ExecutionPlan;
import dev.gnserve.archive.GroupNormDeclaration;
import dev.gnserve.archive.PlannedArchive;
import dev.gnserve.archive.TappedArchive;
import dev.gnserve.archive.TorchScriptException;
import dev.gnserve.backend.BackendModel;
import dev.gnserve.backend.BackendPlan;
import dev.gnserve.backend.Device;
import dev.gnserve.backend.EngineScope;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.OutputDifference;
import dev.gnserve.failure.FailureException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Values from the output of every Group Normalization in one pass. Comparing those of two plans shows the layer at which they part.
 *
 * @param layers the names of the layers, in the order of the calls
 * @param values a sample of each call's output
 */
record LayerSamples(List<String> layers, List<float[]> values) {

    private static final int SAMPLE = 1 << 16;
    private static final long TAP_BYTES = 256 << 20;

    LayerSamples {
        layers = List.copyOf(layers);
        values = List.copyOf(values);
    }

    /** Those of one image; null if the archive cannot be instrumented or does not run. */
    static @Nullable LayerSamples of(
            EngineScope scope, ArchiveSnapshot archive, Device device, ExecutionPlan plan, FloatTensor image) {
        List<String> layers = new ArrayList<>();
        List<float[]> values = new ArrayList<>();
        try {
            TappedArchive tapped = TappedArchive.of(PlannedArchive.of(archive.torchScript(), plan));
            try (ArchiveSnapshot copy = ArchiveSnapshot.of(tapped.archive(), archive.name());
                    BackendModel model = scope.load(copy, new BackendPlan(device, 0, ExecutionPlan.AS_EXPORTED))) {
                FloatTensor batch = new FloatTensor(image.shape().prepend(1), image.values());
                model.newTappedSession(false).run(batch, TAP_BYTES, call -> {
                    GroupNormDeclaration declared = tapped.declaration(call.header());
                    layers.add(declared == null ? "call " + call.header().call() : declared.layer());
                    values.add(sample(call.output().values()));
                });
            }
        } catch (TorchScriptException | FailureException | IOException e) {
            return null;
        }
        return new LayerSamples(layers, values);
    }

    private static float[] sample(float[] all) {
        int step = Math.max(1, all.length / SAMPLE);
        float[] some = new float[(all.length + step - 1) / step];
        for (int i = 0; i < some.length; i++) {
            some[i] = all[i * step];
        }
        return some;
    }

    /** The first layer whose output differs from that of another plan by more than a bound, with the difference; null if none does. */
    @Nullable
    String partingFrom(LayerSamples other, double bound) {
        for (int call = 0; call < Math.min(layers.size(), other.layers.size()); call++) {
            double difference = OutputDifference.relative(other.values.get(call), values.get(call));
            if (!(difference <= bound)) {
                return "%s (%.1e)".formatted(layers.get(call), difference);
            }
        }
        return null;
    }
}
