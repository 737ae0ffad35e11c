package dev.gnserve.evaluation;

import dev.gnserve.backend.Engine;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelSource;
import dev.gnserve.pipeline.ImagePipeline;
import dev.gnserve.pipeline.Upload;
import dev.gnserve.segmentation.Segmentation;
import dev.gnserve.segmentation.SegmentationTask;
import dev.gnserve.segmentation.SegmentedClass;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
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
        ImagePipeline pipeline = ImagePipeline.forCommands();
        Map<String, SegmentationScores> byType = new TreeMap<>();
        try (Engine engine = new Engine(PyTorchBackend.start(EngineSettings.defaults()))) {
            LoadedModel model = LoadedModel.alone(source, engine);
            try {
                for (int i = 0; i < files.size(); i++) {
                    String file = files.get(i);
                    Upload image = new Upload(file, Files.readAllBytes(nuclei.imageOf(file)));
                    Segmentation found = pipeline.find(SegmentationTask.DEFAULT, model.manifest(), model, image)
                            .result();
                    SegmentationScores scores = score(found, nuclei.objectIds(file));
                    byType.merge(nuclei.typeOf(file), scores, SegmentationScores::plus);
                    progress.accept(i + 1);
                }
            } finally {
                boolean unused = model.close(Duration.ofSeconds(10));
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
