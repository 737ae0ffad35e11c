package dev.gnserve.classification;

import dev.gnserve.backend.Prediction;
import dev.gnserve.image.PreparedImage;
import dev.gnserve.image.UprightImage;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.Task;
import dev.gnserve.pipeline.ImageTask;
import dev.gnserve.pipeline.TileCollector;
import dev.gnserve.pipeline.Timing;
import dev.gnserve.problem.Problem;
import java.util.ArrayList;
import java.util.List;

/**
 * Classification with the parameters of a request.
 *
 * @param top labels per image at most
 */
record ClassificationTask(int top) implements ImageTask<ClassificationTask.Ranked, ClassifiedImage> {

    /** The result for one image: labels, best first. */
    record Ranked(UprightImage image, List<LabelScore> labels) {}

    @Override
    public Task task() {
        return Task.CLASSIFICATION;
    }

    @Override
    public TileCollector<Ranked> collector(ModelManifest manifest, UprightImage image, PreparedImage prepared) {
        // Classification takes images whole: there is one tile.
        List<LabelScore> labels = new ArrayList<>();
        return new TileCollector<>() {
            @Override
            public void add(Prediction whole) {
                labels.addAll(Ranking.of(whole, manifest.output(), top));
            }

            @Override
            public Ranked finish() {
                return new Ranked(image, labels);
            }
        };
    }

    @Override
    public ClassifiedImage describe(String name, Ranked found, Timing timing) {
        return new ClassifiedImage(
                name,
                found.image().page(),
                found.image().width(),
                found.image().height(),
                found.labels(),
                timing,
                null);
    }

    /** 1 if the best labels are the same, else 0. */
    @Override
    public double agreement(Ranked served, Ranked other) {
        return best(served).equals(best(other)) ? 1 : 0;
    }

    private static String best(Ranked ranked) {
        return ranked.labels().isEmpty() ? "" : ranked.labels().get(0).label();
    }

    @Override
    public ClassifiedImage failed(String name, Problem problem) {
        return new ClassifiedImage(name, null, null, null, null, null, problem);
    }

    @Override
    public ClassificationResponse response(LoadedModel model, String requestId, List<ClassifiedImage> images) {
        return new ClassificationResponse(model.name(), model.version(), requestId, images);
    }
}
