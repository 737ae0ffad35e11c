package dev.gnserve.training;

import dev.gnserve.backend.Device;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.backend.djl.PyTorchModel;
import dev.gnserve.backend.djl.PyTorchSession;
import dev.gnserve.image.ImageDecoder;
import dev.gnserve.image.ImageLimits;
import dev.gnserve.image.PlanarImage;
import dev.gnserve.image.PreparedImage;
import dev.gnserve.image.UprightImage;
import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.ModelSource;
import dev.gnserve.segmentation.SegmentedClass;
import dev.gnserve.segmentation.Segmenter;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
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
        ImageDecoder decoder = new ImageDecoder(ImageLimits.DEFAULT);
        Map<String, SegmentationScores> byType = new TreeMap<>();
        try (PyTorchBackend engine = PyTorchBackend.start(EngineSettings.defaults());
                InputStream archive = source.openArchive();
                PyTorchModel model = engine.load(archive, source.location(), Device.CPU)) {
            ModelManifest manifest = ManifestReader.read(source, engine);
            PyTorchSession session = model.newSession();
            for (int i = 0; i < files.size(); i++) {
                String file = files.get(i);
                UprightImage image = decoder.decode(Files.readAllBytes(nuclei.imageOf(file)));
                SegmentationScores scores = score(manifest, session, image, nuclei.objectIds(file));
                byType.merge(nuclei.typeOf(file), scores, SegmentationScores::plus);
                progress.accept(i + 1);
            }
        }
        return SegmentationReport.of(source.name(), source.version(), data.toString(), split, byType);
    }

    private static SegmentationScores score(
            ModelManifest manifest, PyTorchSession session, UprightImage image, int[] truth) {
        PreparedImage prepared = manifest.preprocessor().prepare(image);
        Segmenter segmenter =
                new Segmenter(manifest, image, prepared, manifest.thresholds().mask());
        for (int tile = 0; tile < prepared.tiles(); tile++) {
            PlanarImage planes = prepared.tile(tile);
            TensorShape shape = TensorShape.of(planes.channels(), planes.height(), planes.width());
            segmenter.add(session.run(List.of(new FloatTensor(shape, planes.values())))
                    .predictions()
                    .get(0));
        }
        SegmentedClass found = segmenter.classes().get(0);
        boolean[] foreground = new boolean[truth.length];
        for (int i = 0; i < truth.length; i++) {
            foreground[i] = found.mask().label(i % image.width(), i / image.width()) != 0;
        }
        return SegmentationScores.of(truth, found.objects().ids(), foreground);
    }
}
