package dev.gnserve.model;

import static java.lang.System.Logger.Level.WARNING;

import dev.gnserve.backend.BackendSession;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.PlanarImage;
import dev.gnserve.image.UprightImage;
import dev.gnserve.model.OutputSpec.Decoder;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Warns if a sigmoid is probably done twice. Noise does not show it, as small logits can be 0 to 1 as well; so the embedded sample
 * images decide.
 */
final class SampleCheck {

    private static final System.Logger LOG = System.getLogger(SampleCheck.class.getName());

    private SampleCheck() {}

    /** Logs {@link #doubt}, if there is one. */
    static void warn(String model, ModelManifest manifest, BackendSession session) {
        String doubt = doubt(manifest, session);
        if (doubt != null) {
            LOG.log(WARNING, () -> "model " + model + ": " + doubt);
        }
    }

    /**
     * Runs sample images if the outputs for noise leave doubt.
     *
     * @param session of a model after its warm-up
     * @return what is probably wrong and what to do; or null
     */
    static @Nullable String doubt(ModelManifest manifest, BackendSession session) {
        boolean images = manifest.input().volume() == null && manifest.input().clip() == null;
        if (manifest.output().decoder() != Decoder.SIGMOID || !images) {
            return null;
        }
        Function<Tensor, Tensor> run = input -> manifest.output()
                .logits(session.run(List.of(input)).predictions().get(0));
        TensorShape warm = manifest.warmUp().shapes().get(0);
        if (!OutputFacts.of(run.apply(WarmUp.input(warm))).isFraction()) {
            return null;
        }
        List<Tensor> outputs = new ArrayList<>();
        try {
            for (UprightImage image : SampleInputs.images()) {
                PlanarImage tile = manifest.preprocessor().prepare(image).tile(0);
                TensorShape shape = TensorShape.of(tile.channels(), tile.height(), tile.width());
                outputs.add(run.apply(new FloatTensor(shape, tile.values())));
            }
        } catch (FailureException e) {
            return "it does not run with the embedded sample images: "
                    + e.failure().detail();
        }
        OutputFacts facts = OutputFacts.of(outputs);
        return facts.isFraction()
                ? "output.decoder is sigmoid, but for noise and for sample images the archive returns " + facts.text()
                        + ", as if its sigmoid were done already. If so, use output: {decoder: probabilities"
                        + (manifest.task() == Task.SEGMENTATION ? ", exclusive: false}" : "}")
                : null;
    }
}
