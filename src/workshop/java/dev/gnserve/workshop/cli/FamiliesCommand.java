package dev.gnserve.workshop.cli;

import dev.gnserve.detection.DetectionTask;
import dev.gnserve.image.UprightImage;
import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.pipeline.ImageTask;
import dev.gnserve.pipeline.TileCollector;
import dev.gnserve.regression.RegressionTask;
import dev.gnserve.segmentation.SegmentationTask;
import dev.gnserve.workshop.benchmark.MadeOutputs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The pictures of docs/families.md: the outputs that a network of each family gives for the same discs, decoded and drawn as served. */
@Command(name = "families", description = "Writes the pictures of docs/families.md, one for each family of outputs.")
final class FamiliesCommand implements Callable<Integer> {

    private static final int[] BACKGROUND = {24, 26, 34};
    private static final int[][] COLOURS = {{150, 96, 120}, {96, 132, 150}, {146, 140, 92}};

    @Parameters(paramLabel = "FOLDER", description = "Where the pictures go, such as docs/images/families.")
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        MadeOutputs outputs = MadeOutputs.forPictures();
        UprightImage image = image(outputs);
        Files.createDirectories(folder);
        for (MadeOutputs.Made made : outputs.all()) {
            String input = made.whole()
                    ? "\ninput: {sizeMultiple: 1}\n"
                    : "\ninput: {sizeMultiple: 1, tile: {size: %d, overlap: 0}}\n".formatted(outputs.side());
            ModelManifest manifest = ManifestReader.read("model.yaml", made.manifest() + input);
            ImageTask<?, ?> task = switch (manifest.task()) {
                case DETECTION -> DetectionTask.DEFAULT;
                case REGRESSION -> RegressionTask.DEFAULT;
                case SEGMENTATION, CLASSIFICATION, EMBEDDING, TENSORS -> SegmentationTask.DEFAULT;
            };
            Path file = folder.resolve(made.name() + ".png");
            Files.write(file, picture(task, manifest, image, made));
            spec.commandLine().getOut().println(file);
        }
        spec.commandLine().getOut().flush();
        return 0;
    }

    private static UprightImage image(MadeOutputs outputs) {
        int side = outputs.side();
        byte[] samples = new byte[3 * side * side];
        for (int i = 0; i < side * side; i++) {
            int label = outputs.label(i % side, i / side);
            for (int c = 0; c < 3; c++) {
                samples[3 * i + c] = (byte) (label < 0 ? BACKGROUND : COLOURS[label])[c];
            }
        }
        return UprightImage.of8Bit(side, side, 3, samples);
    }

    private static <R> byte[] picture(
            ImageTask<R, ?> task, ModelManifest manifest, UprightImage image, MadeOutputs.Made made) {
        TileCollector<R> collector =
                task.collector(manifest, image, manifest.preprocessor().prepare(image));
        collector.add(made.outputs());
        return Objects.requireNonNull(task.picture(collector.finish()));
    }
}
