package dev.gnserve.workshop.cli;

import dev.gnserve.backend.Prediction;
import dev.gnserve.detection.DetectionTask;
import dev.gnserve.image.UprightImage;
import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.Task;
import dev.gnserve.pipeline.ImageTask;
import dev.gnserve.pipeline.TileCollector;
import dev.gnserve.segmentation.SegmentationTask;
import dev.gnserve.workshop.benchmark.MadeOutputs;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** From the outputs of a network to a result, without JSON: processor time, so that other work on the machine disturbs less. */
@Command(
        name = "outputs",
        description =
                "Processor time of decoders for a picture of 1024 x 1024 pixels with 500 objects: the median of several rounds.")
final class OutputBenchCommand implements Callable<Integer> {

    private static final int WARM_UP = 3;

    @Option(names = "--rounds", defaultValue = "5", description = "Measured rounds (default: ${DEFAULT-VALUE}).")
    private int rounds;

    @Option(names = "--decoder", description = "Only this one, such as stardist. Default: all.")
    private @Nullable String decoder;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public Integer call() {
        MadeOutputs outputs = MadeOutputs.forTiming();
        int side = outputs.side();
        UprightImage image = UprightImage.of8Bit(side, side, 3, new byte[3 * side * side]);
        for (MadeOutputs.Made made : outputs.timed()) {
            if (decoder != null && !decoder.equals(made.name())) {
                continue;
            }
            ModelManifest manifest = ManifestReader.read(
                    "model.yaml",
                    made.manifest() + "\ninput: {tile: {size: 1024, overlap: 0}}\n".repeat(made.whole() ? 0 : 1));
            ImageTask<?, ?> task = manifest.task() == Task.DETECTION ? DetectionTask.DEFAULT : SegmentationTask.DEFAULT;
            double[] millis = new double[rounds];
            for (int round = -WARM_UP; round < rounds; round++) {
                double took = millis(task, manifest, image, made.outputs());
                if (round >= 0) {
                    millis[round] = took;
                }
            }
            double median = DoubleStream.of(millis).sorted().toArray()[rounds / 2];
            spec.commandLine().getOut().printf(Locale.ROOT, "%-12s %8.1f ms%n", made.name(), median);
            spec.commandLine().getOut().flush();
        }
        return 0;
    }

    private static <R> double millis(
            ImageTask<R, ?> task, ModelManifest manifest, UprightImage image, Prediction prediction) {
        ThreadMXBean processor = ManagementFactory.getThreadMXBean();
        TileCollector<R> collector =
                task.collector(manifest, image, manifest.preprocessor().prepare(image));
        long began = processor.getCurrentThreadCpuTime();
        collector.add(prediction);
        collector.finish();
        return (processor.getCurrentThreadCpuTime() - began) / 1e6;
    }
}
