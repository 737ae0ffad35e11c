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
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Classification with the parameters of a request.
 *
 * @param top labels per image at most
 */
public record ClassificationTask(int top) implements ImageTask<ClassificationTask.Ranked, ClassifiedImage> {

    /**
     * The result for one image.
     *
     * @param labels best first; null for a model with several heads
     * @param heads of a model with several; null for others
     */
    public record Ranked(
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

    /** The part of the heads whose best labels are the same; 1 or 0 for a model with one. */
    @Override
    public double agreement(Ranked served, Ranked other) {
        List<String> one = best(served);
        List<String> two = best(other);
        if (one.size() != two.size()) {
            return 0;
        }
        long same = IntStream.range(0, one.size())
                .filter(head -> one.get(head).equals(two.get(head)))
                .count();
        return (double) same / one.size();
    }

    /** The best label of each head, or of the only one. */
    private static List<String> best(Ranked ranked) {
        List<LabelScore> labels = ranked.labels();
        List<HeadScores> heads = ranked.heads();
        Stream<List<LabelScore>> all = heads != null
                ? heads.stream().map(HeadScores::predictions)
                : Stream.of(labels == null ? List.of() : labels);
        return all.map(scores -> scores.isEmpty() ? "" : scores.get(0).label()).toList();
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
