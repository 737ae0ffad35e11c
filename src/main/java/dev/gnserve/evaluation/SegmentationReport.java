package dev.gnserve.evaluation;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * How a model did on a split of a data set.
 *
 * @param overall all images together
 * @param byType the same by type of image
 */
public record SegmentationReport(
        String model, String version, String data, String split, Scores overall, List<Scores> byType) {

    /**
     * Scores of some images.
     *
     * @param type of these images
     * @param images how many
     * @param meanDice Dice coefficient of the foreground at full resolution, averaged over images
     * @param objectF1 F1 score of objects that match at an intersection over union above 0.5, pooled over all objects
     * @param objects true objects
     * @param found true objects with a match
     * @param predicted predicted objects
     */
    public record Scores(
            String type, int images, double meanDice, double objectF1, int objects, int found, int predicted) {

        static Scores of(String type, SegmentationScores scores) {
            return new Scores(
                    type,
                    scores.images(),
                    scores.dice(),
                    scores.f1(),
                    scores.expected(),
                    scores.found(),
                    scores.predicted());
        }
    }

    public SegmentationReport {
        byType = List.copyOf(byType);
    }

    static SegmentationReport of(
            String model, String version, String data, String split, Map<String, SegmentationScores> byType) {
        SegmentationScores sum = SegmentationScores.NONE;
        List<Scores> rows = new ArrayList<>();
        for (Map.Entry<String, SegmentationScores> entry : byType.entrySet()) {
            rows.add(Scores.of(entry.getKey(), entry.getValue()));
            sum = sum.plus(entry.getValue());
        }
        return new SegmentationReport(model, version, data, split, Scores.of("all", sum), rows);
    }
}
