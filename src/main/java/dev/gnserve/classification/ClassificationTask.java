package dev.gnserve.classification;

import dev.gnserve.backend.Prediction;
import dev.gnserve.image.PreparedImage;
import dev.gnserve.image.UprightImage;
import dev.gnserve.model.ClassifierHeads;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.OutputSpec;
import dev.gnserve.model.Task;
import dev.gnserve.pipeline.ImageTask;
import dev.gnserve.pipeline.TileCollector;
import dev.gnserve.pipeline.Timing;
import dev.gnserve.problem.Problem;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Classification with the parameters of a request.
 *
 * @param top labels per image at most
 */
record ClassificationTask(int top) implements ImageTask<ClassificationTask.Ranked, ClassifiedImage> {

    /**
     * The result for one image.
     *
     * @param labels best first; null for a model with several heads
     * @param heads of a model with several; null for others
     */
    record Ranked(
            UprightImage image,
            @Nullable List<LabelScore> labels,
            @Nullable List<HeadScores> heads) {}

    @Override
    public Task task() {
        return Task.CLASSIFICATION;
    }

    @Override
    public TileCollector<Ranked> collector(ModelManifest manifest, UprightImage image, PreparedImage prepared) {
        // Classification takes images whole: there is one tile.
        List<Ranked> result = new ArrayList<>();
        return new TileCollector<>() {
            @Override
            public void add(Prediction whole) {
                result.add(ranked(manifest.output(), image, whole));
            }

            @Override
            public Ranked finish() {
                return result.get(0);
            }
        };
    }

    private Ranked ranked(OutputSpec spec, UprightImage image, Prediction whole) {
        if (spec.family() instanceof ClassifierHeads several) {
            List<HeadScores> heads = several.heads().stream()
                    .map(head ->
                            new HeadScores(head.name(), Ranking.of(head.of(whole), head.labels(), head.decoder(), top)))
                    .toList();
            return new Ranked(image, null, heads);
        }
        return new Ranked(image, Ranking.of(spec.logits(whole), spec.channels(), spec.decoder(), top), null);
    }

    @Override
    public ClassifiedImage describe(String name, Ranked found, Timing timing) {
        return new ClassifiedImage(
                name,
                found.image().page(),
                found.image().width(),
                found.image().height(),
                found.labels(),
                found.heads(),
                timing,
                null);
    }

    @Override
    public ClassifiedImage failed(String name, Problem problem) {
        return new ClassifiedImage(name, null, null, null, null, null, null, problem);
    }

    @Override
    public ClassificationResponse response(LoadedModel model, String requestId, List<ClassifiedImage> images) {
        return new ClassificationResponse(model.name(), model.version(), requestId, images);
    }
}
