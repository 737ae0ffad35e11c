package dev.gnserve.evaluation;

import dev.gnserve.backend.Engine;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.image.LabelMap;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelSource;
import dev.gnserve.pipeline.ImagePipeline;
import dev.gnserve.pipeline.Upload;
import dev.gnserve.segmentation.SegmentationTask;
import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntConsumer;
import java.util.stream.Stream;
import javax.imageio.ImageIO;

/**
 * Judges a model of segmentation on a folder with {@code images/} and {@code masks/}. A mask is a PNG of one channel (gray or palette) with
 * the name of its image up to the last dot and the size of the upright image. Its values are 0 for background, the number of a label of
 * the model from 1, and 255 for pixels that are not judged.
 */
public final class MaskEvaluation {

    private static final int NOT_JUDGED = 255;

    private MaskEvaluation() {}

    /**
     * Evaluates a model on all images that have a mask.
     *
     * @param folder with {@code images/} and {@code masks/}
     * @param progress is told the number of images done
     * @throws IllegalArgumentException if an image has no mask, or a mask does not go with its image or the model
     */
    public static MaskReport run(ModelSource source, Path folder, IntConsumer progress) throws IOException {
        Map<Path, Path> maskOfImage = pairs(folder);
        ImagePipeline pipeline = ImagePipeline.forCommands();
        try (Engine engine = new Engine(PyTorchBackend.start(EngineSettings.defaults()))) {
            LoadedModel model = LoadedModel.alone(source, engine);
            try {
                List<String> labels = model.manifest().labels();
                ConfusionMatrix matrix = new ConfusionMatrix(labels.size() + 1);
                int done = 0;
                for (Map.Entry<Path, Path> pair : maskOfImage.entrySet()) {
                    Upload image =
                            new Upload(String.valueOf(pair.getKey().getFileName()), Files.readAllBytes(pair.getKey()));
                    LabelMap found = pipeline.find(SegmentationTask.DEFAULT, model.manifest(), model, image)
                            .result()
                            .firstLabels();
                    compare(found, pair.getValue(), labels, matrix);
                    progress.accept(++done);
                }
                return MaskReport.of(source.name(), source.version(), folder.toString(), done, labels, matrix);
            } finally {
                boolean unused = model.close(Duration.ofSeconds(10));
            }
        }
    }

    private static Map<Path, Path> pairs(Path folder) throws IOException {
        Map<Path, Path> pairs = new TreeMap<>();
        if (!Files.isDirectory(folder.resolve("images")) || !Files.isDirectory(folder.resolve("masks"))) {
            throw new IllegalArgumentException(folder + " has not both folders images and masks");
        }
        try (Stream<Path> files = Files.list(folder.resolve("images"))) {
            for (Path image : files.filter(Files::isRegularFile).sorted().toList()) {
                String name = String.valueOf(image.getFileName());
                if (name.startsWith(".")) {
                    continue;
                }
                int dot = name.lastIndexOf('.');
                Path mask = folder.resolve("masks").resolve((dot < 0 ? name : name.substring(0, dot)) + ".png");
                if (!Files.isRegularFile(mask)) {
                    throw new IllegalArgumentException(
                            image + " has no mask " + mask + ". Add it, or move the image away");
                }
                pairs.put(image, mask);
            }
        }
        if (pairs.isEmpty()) {
            throw new IllegalArgumentException(folder.resolve("images") + " has no images");
        }
        return pairs;
    }

    static void compare(LabelMap found, Path mask, List<String> labels, ConfusionMatrix matrix) throws IOException {
        BufferedImage read = ImageIO.read(mask.toFile());
        if (read == null || read.getRaster().getNumBands() != 1) {
            throw new IllegalArgumentException(mask + " is not a PNG with one channel (gray or palette)");
        }
        if (read.getWidth() != found.width() || read.getHeight() != found.height()) {
            throw new IllegalArgumentException("%s has %d x %d pixels, and its image %d x %d"
                    .formatted(mask, read.getWidth(), read.getHeight(), found.width(), found.height()));
        }
        Raster values = read.getRaster();
        for (int y = 0; y < found.height(); y++) {
            for (int x = 0; x < found.width(); x++) {
                int truth = values.getSample(x, y, 0);
                if (truth == NOT_JUDGED) {
                    continue;
                }
                if (truth > labels.size()) {
                    throw new IllegalArgumentException(
                            "%s has the value %d at (%d, %d); allowed are 0 for background, 1 to %d for the labels %s, and %d for pixels that are not judged"
                                    .formatted(mask, truth, x, y, labels.size(), labels, NOT_JUDGED));
                }
                matrix.add(truth, found.label(x, y));
            }
        }
    }
}
