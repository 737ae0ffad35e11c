package dev.gnserve.evaluation;

import dev.gnserve.model.ModelSource;
import dev.gnserve.segmentation.Segmentation;
import dev.gnserve.segmentation.SegmentationTask;
import dev.gnserve.segmentation.SegmentedClass;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntConsumer;

/** Judges an archive as it is served: by the same decoding, preparation, tiles and post-processing. */
public final class SegmentationEvaluation {

    private SegmentationEvaluation() {}

    /**
     * Evaluates a model with one label on a split.
     *
     * @param data folder of the data set
     * @param progress is told the number of images done
     */
    public static SegmentationReport run(ModelSource source, Path data, String split, IntConsumer progress)
            throws IOException {
        NucleiData nuclei = NucleiData.open(data);
        List<String> files = nuclei.files(split);
        Map<String, SegmentationScores> byType = new TreeMap<>();
        try (EvaluatedModel model = EvaluatedModel.open(source)) {
            for (int i = 0; i < files.size(); i++) {
                String file = files.get(i);
                Segmentation found = model.find(SegmentationTask.DEFAULT, nuclei.imageOf(file));
                byType.merge(nuclei.typeOf(file), score(found, nuclei.objectIds(file)), SegmentationScores::plus);
                progress.accept(i + 1);
            }
        }
        return SegmentationReport.of(source.name(), source.version(), data.toString(), split, byType);
    }

    private static SegmentationScores score(Segmentation segmentation, int[] truth) {
        int width = segmentation.image().width();
        SegmentedClass found = segmentation.classes().get(0);
        boolean[] foreground = new boolean[truth.length];
        for (int i = 0; i < truth.length; i++) {
            foreground[i] = found.mask().label(i % width, i / width) != 0;
        }
        return SegmentationScores.of(truth, found.objects().ids(), foreground);
    }
}
