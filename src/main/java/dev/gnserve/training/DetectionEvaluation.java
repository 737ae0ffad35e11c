package dev.gnserve.training;

import dev.gnserve.backend.Device;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.backend.djl.PyTorchModel;
import dev.gnserve.backend.djl.PyTorchSession;
import dev.gnserve.detection.Detector;
import dev.gnserve.image.ImageDecoder;
import dev.gnserve.image.ImageLimits;
import dev.gnserve.image.PlanarImage;
import dev.gnserve.image.PreparedImage;
import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.ModelSource;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.IntConsumer;

/** Judges a detector's archive as it is served: by the same decoding, preparation, tiles and choice of boxes. */
public final class DetectionEvaluation {

    /** The curve of precision needs boxes of low scores too, not only those that are served. */
    private static final float LEAST_SCORE = 0.01f;

    private static final int MOST_DETECTIONS = 100;

    private DetectionEvaluation() {}

    /**
     * Evaluates a model with the labels of the data.
     *
     * @param data folder of the data set
     * @param split which images; {@code test} leaves out those that show a place of another split
     * @param fold part of all images instead of a split, unless {@link Fold#NONE}
     * @param progress is told the number of images done
     * @throws IllegalArgumentException when the model's labels are others, or there is no such split
     */
    public static DetectionReport run(ModelSource source, Path data, String split, Fold fold, IntConsumer progress)
            throws IOException {
        BloodCellData cells = BloodCellData.open(data);
        List<String> files = fold.isNone() ? cells.files(split) : cells.testing(fold);
        ImageDecoder decoder = new ImageDecoder(ImageLimits.DEFAULT);
        AveragePrecision precision = new AveragePrecision();
        try (PyTorchBackend engine = PyTorchBackend.start(EngineSettings.defaults());
                InputStream archive = source.openArchive();
                PyTorchModel model = engine.load(archive, source.location(), Device.CPU)) {
            ModelManifest manifest = ManifestReader.read(source, engine);
            if (!manifest.labels().equals(BloodCellData.LABELS)) {
                throw new IllegalArgumentException(
                        "the model has the labels " + manifest.labels() + ", the data " + BloodCellData.LABELS);
            }
            PyTorchSession session = model.newSession();
            for (String file : files) {
                PreparedImage prepared =
                        manifest.preprocessor().prepare(decoder.decode(Files.readAllBytes(cells.imageOf(file))));
                Detector detector = new Detector(manifest, prepared, LEAST_SCORE);
                for (int tile = 0; tile < prepared.tiles(); tile++) {
                    detector.add(session.run(List.of(input(prepared.tile(tile))))
                            .predictions()
                            .get(0));
                }
                precision.add(cells.boxesOf(file), detector.detections(MOST_DETECTIONS));
                progress.accept(precision.images());
            }
        }
        return DetectionReport.of(
                source.name(),
                source.version(),
                data.toString(),
                fold.isNone() ? split : "fold " + fold,
                BloodCellData.LABELS,
                precision);
    }

    private static FloatTensor input(PlanarImage planes) {
        return new FloatTensor(TensorShape.of(planes.channels(), planes.height(), planes.width()), planes.values());
    }
}
