package dev.gnserve.model;

import dev.gnserve.backend.Prediction;
import dev.gnserve.image.LabelMap;
import dev.gnserve.image.PlanarImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The objects that class and mask queries show, as the post-processors of transformers make them: {@code
 * post_process_instance_segmentation} and {@code post_process_panoptic_segmentation} of MaskFormer and Mask2Former. Scales to the input,
 * where Mask2Former's post-processor scales to the 384 x 384 pixels of its usual input.
 */
public final class QuerySegments {

    private final QuerySpec spec;
    private final List<String> names;
    private final QueryMasks queries;
    private final int width;
    private final int height;

    private QuerySegments(QuerySpec spec, List<String> names, QueryMasks queries, int width, int height) {
        this.spec = spec;
        this.names = names;
        this.queries = queries;
        this.width = width;
        this.height = height;
    }

    /**
     * One object.
     *
     * @param label index of its label
     * @param score 0 to 1
     * @param mask [1, height, width] of the input: 1 for its pixels, else 0; its values are those of the next object later
     * @param part of the input outside of which the mask is 0
     */
    public record Segment(int label, float score, PlanarImage mask, LabelMap.Region part) {}

    /**
     * Takes objects one at a time, as each has a mask as large as the input.
     */
    @FunctionalInterface
    public interface Sink {
        void add(Segment segment);
    }

    /**
     * Finds the objects of one input.
     *
     * @param least lowest score
     * @param inside least probability of a pixel of a panoptic segment's own mask
     * @throws dev.gnserve.failure.FailureException ENGINE_FAULT if the outputs are no queries
     */
    public static void find(
            QuerySpec spec,
            List<String> names,
            Prediction prediction,
            int width,
            int height,
            float least,
            float inside,
            Sink sink) {
        QuerySegments segments = new QuerySegments(spec, names, QueryMasks.of(prediction, names.size()), width, height);
        if (spec.segments() == QuerySpec.Segments.INSTANCE) {
            segments.instances(least, sink);
        } else {
            segments.panoptic(least, inside, sink);
        }
    }

    private record Choice(int query, int label, float score) {}

    /** The best pairs of query and label, as many as there are queries; the score is that of the label times that of the mask. */
    private void instances(float least, Sink sink) {
        List<Choice> choices = new ArrayList<>();
        for (int query = 0; query < queries.queries(); query++) {
            float[] probabilities = queries.probabilities(query);
            for (int label = 0; label < names.size(); label++) {
                choices.add(new Choice(query, label, probabilities[label]));
            }
        }
        choices.sort(Comparator.comparingDouble(Choice::score).reversed());
        PlanarImage mask = new PlanarImage(1, height, width, new float[width * height]);
        for (Choice choice : choices.subList(0, Math.min(choices.size(), queries.queries()))) {
            if (choice.score() < least) { // The score of a mask is 1 at most.
                break;
            }
            PlanarImage query = queries.mask(choice.query());
            LabelMap.Region part = reach(query);
            if (part == null) {
                continue;
            }
            PlanarImage logits = spec.scaledFirst() ? query.resizedTo(width, height, part) : query;
            float score = choice.score() * quality(logits.values());
            if (score >= least) {
                if (spec.scaledFirst()) {
                    place(logits, part, mask.values());
                } else {
                    nearest(logits, part, mask.values());
                }
                sink.add(new Segment(choice.label(), score, mask, part));
                clear(mask.values(), part);
            }
        }
    }

    /** A part of the input outside of which the scaled mask has no logit above 0; null if the mask has none. */
    private LabelMap.@Nullable Region reach(PlanarImage mask) {
        int left = mask.width();
        int top = mask.height();
        int right = -1;
        int bottom = -1;
        float[] logits = mask.values();
        for (int y = 0, at = 0; y < mask.height(); y++) {
            for (int x = 0; x < mask.width(); x++, at++) {
                if (logits[at] > 0) {
                    left = Math.min(left, x);
                    right = Math.max(right, x);
                    top = Math.min(top, y);
                    bottom = y;
                }
            }
        }
        if (right < 0) {
            return null;
        }
        int fromX = reached(left, mask.width(), width, false);
        int fromY = reached(top, mask.height(), height, false);
        return new LabelMap.Region(
                fromX,
                fromY,
                reached(right, mask.width(), width, true) - fromX,
                reached(bottom, mask.height(), height, true) - fromY);
    }

    /** The first input pixel that a pixel of a mask reaches in bilinear interpolation, or the one after the last. */
    private static int reached(int pixel, int from, int to, boolean end) {
        double scale = (double) from / to;
        double margin = Math.max(scale, 1) + 1;
        return end
                ? (int) Math.min(to, Math.ceil((pixel + 1 + margin) / scale) + 1)
                : (int) Math.max(0, Math.floor((pixel - margin) / scale) - 1);
    }

    /** Sets the pixels with a logit above 0. */
    private void place(PlanarImage logits, LabelMap.Region part, float[] inside) {
        for (int y = 0, from = 0; y < part.height(); y++) {
            int to = (part.y() + y) * width + part.x();
            for (int x = 0; x < part.width(); x++, from++, to++) {
                inside[to] = logits.values()[from] > 0 ? 1 : 0;
            }
        }
    }

    private void clear(float[] inside, LabelMap.Region part) {
        for (int y = part.y(); y < part.y() + part.height(); y++) {
            Arrays.fill(inside, y * width + part.x(), y * width + part.x() + part.width(), 0);
        }
    }

    /** The mean probability of the pixels inside a mask. */
    private static float quality(float[] logits) {
        double sum = 0;
        int count = 0;
        for (float logit : logits) {
            if (logit > 0) {
                sum += HeadGrid.sigmoid(logit);
                count++;
            }
        }
        return (float) (sum / (count + 1e-6));
    }

    /** Sets the pixels with a logit above 0, scaled to the input as {@code F.interpolate(mode="nearest")} does. */
    private void nearest(PlanarImage logits, LabelMap.Region part, float[] inside) {
        int[] columns = new int[width];
        for (int x = 0; x < width; x++) {
            columns[x] = (int) ((long) x * logits.width() / width);
        }
        for (int y = part.y(); y < part.y() + part.height(); y++) {
            int row = (int) ((long) y * logits.height() / height);
            for (int x = part.x(); x < part.x() + part.width(); x++) {
                inside[y * width + x] = logits.value(0, row, columns[x]) > 0 ? 1 : 0;
            }
        }
    }

    /** Each pixel goes to the query with the highest score times probability; a query counts if enough of its mask is its own. */
    private void panoptic(float least, float inside, Sink sink) {
        int pixels = width * height;
        List<Choice> kept = new ArrayList<>();
        for (int query = 0; query < queries.queries(); query++) {
            float[] probabilities = queries.probabilities(query);
            int best = 0;
            for (int label = 1; label < probabilities.length; label++) {
                best = probabilities[label] > probabilities[best] ? label : best;
            }
            if (best < names.size() && probabilities[best] > least) {
                kept.add(new Choice(query, best, probabilities[best]));
            }
        }
        int[] owner = new int[pixels];
        float[] highest = new float[pixels];
        int[] areas = new int[kept.size()];
        for (int k = 0; k < kept.size(); k++) {
            PlanarImage mask = queries.mask(kept.get(k).query());
            boolean logits = spec.scaledFirst();
            float[] values = (logits ? mask : QueryMasks.sigmoid(mask))
                    .resizedTo(width, height)
                    .values();
            float score = kept.get(k).score();
            for (int i = 0; i < pixels; i++) {
                if (logits && k > 0) {
                    float bound = SigmoidBound.above(values[i]) * score;
                    if (bound < inside && bound < highest[i]) {
                        continue;
                    }
                }
                float weighed = (logits ? HeadGrid.sigmoid(values[i]) : values[i]) * score;
                areas[k] += weighed >= inside ? 1 : 0;
                if (k == 0 || weighed > highest[i]) {
                    highest[i] = weighed;
                    owner[i] = k;
                }
            }
        }
        hand(kept, owner, areas, sink);
    }

    private void hand(List<Choice> kept, int[] owner, int[] areas, Sink sink) {
        int[] own = new int[kept.size()];
        if (kept.isEmpty()) {
            return;
        }
        for (int k : owner) {
            own[k]++;
        }
        Map<Integer, List<Integer>> objects = new LinkedHashMap<>();
        for (int k = 0; k < kept.size(); k++) {
            boolean counts = own[k] > 0 && areas[k] > 0 && (float) own[k] / areas[k] > spec.overlap();
            if (counts) {
                boolean fused = spec.stuff().contains(names.get(kept.get(k).label()));
                int object = fused ? -1 - kept.get(k).label() : k;
                objects.computeIfAbsent(object, key -> new ArrayList<>()).add(k);
            }
        }
        for (List<Integer> parts : objects.values()) {
            float score = 0;
            float[] inside = new float[owner.length];
            for (int k : parts) {
                score = Math.max(score, kept.get(k).score());
                for (int i = 0; i < owner.length; i++) {
                    inside[i] = owner[i] == k ? 1 : inside[i];
                }
            }
            sink.add(new Segment(
                    kept.get(parts.get(0)).label(),
                    score,
                    new PlanarImage(1, height, width, inside),
                    new LabelMap.Region(0, 0, width, height)));
        }
    }
}
