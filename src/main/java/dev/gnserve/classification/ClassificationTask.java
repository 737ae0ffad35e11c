package dev.gnserve.classification;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.image.Cancellation;
import dev.gnserve.image.PreparedImage;
import dev.gnserve.image.UprightImage;
import dev.gnserve.model.ClassifierHeads;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.OutputSpec;
import dev.gnserve.model.OutputSpec.Decoder;
import dev.gnserve.model.Task;
import dev.gnserve.pipeline.ImageTask;
import dev.gnserve.pipeline.TileCollector;
import dev.gnserve.pipeline.Timing;
import dev.gnserve.problem.Problem;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
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
     * The result for one image, or for the clips of an upload.
     *
     * @param image the first frame of clips
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
        // Images come whole, in one tile. Of several clips, the scores are averaged.
        OutputSpec spec = manifest.output();
        List<Head> heads = heads(spec);
        double[][] sums = new double[heads.size()][];
        int[] added = new int[1];
        return new TileCollector<>() {
            @Override
            public void add(Prediction whole) {
                added[0]++;
                for (int i = 0; i < sums.length; i++) {
                    Head head = heads.get(i);
                    double[] scores = Ranking.scores(head.logits.apply(whole), head.labels, head.decoder);
                    double[] sum = sums[i];
                    if (sum != null) {
                        Arrays.setAll(scores, label -> scores[label] + sum[label]);
                    }
                    sums[i] = scores;
                }
            }

            @Override
            public Ranked finish() {
                List<HeadScores> found = IntStream.range(0, sums.length)
                        .mapToObj(i -> {
                            double[] mean = Arrays.stream(sums[i])
                                    .map(sum -> sum / added[0])
                                    .toArray();
                            return new HeadScores(heads.get(i).name, Ranking.of(mean, heads.get(i).labels, top));
                        })
                        .toList();
                return spec.family() instanceof ClassifierHeads
                        ? new Ranked(image, null, found)
                        : new Ranked(image, found.get(0).predictions(), null);
            }
        };
    }

    /** An output and how its values become scores of labels. */
    private record Head(String name, Function<Prediction, Tensor> logits, List<String> labels, Decoder decoder) {}

    private static List<Head> heads(OutputSpec spec) {
        return spec.family() instanceof ClassifierHeads several
                ? several.heads().stream()
                        .map(head -> new Head(head.name(), head::of, head.labels(), head.decoder()))
                        .toList()
                : List.of(new Head("", spec::logits, spec.channels(), spec.decoder()));
    }

    @Override
    public ClassifiedImage describe(String name, Ranked found, Timing timing, Cancellation cancellation) {
        return new ClassifiedImage(
                name,
                found.image().page(),
                found.image().width(),
                found.image().height(),
                found.image().frames(),
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
        return new ClassifiedImage(name, null, null, null, null, null, null, null, problem);
    }

    @Override
    public ClassificationResponse response(LoadedModel model, String requestId, List<ClassifiedImage> images) {
        return new ClassificationResponse(model.name(), model.version(), requestId, images);
    }
}
