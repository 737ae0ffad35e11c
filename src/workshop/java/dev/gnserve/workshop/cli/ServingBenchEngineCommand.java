package dev.gnserve.workshop.cli;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.backend.BackendPlan;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.backend.djl.PyTorchModel;
import dev.gnserve.backend.djl.PyTorchSession;
import dev.gnserve.model.Execution;
import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.ModelSource;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import org.HdrHistogram.Histogram;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** The loop that serving is measured against: nothing but forward passes, one image each. */
@Command(name = "engine-loop", hidden = true, description = "The engine loop of the serving benchmark.")
final class ServingBenchEngineCommand implements Callable<Integer> {

    @Option(names = "--seconds", required = true)
    private int seconds;

    @Option(names = "--workers", required = true)
    private int workers;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    /**
     * What it measured.
     *
     * @param imagesPerSecond of all workers
     * @param p50Millis of one forward pass, stacking and splitting included
     */
    record Loop(double imagesPerSecond, double p50Millis) {}

    @Override
    public Integer call() throws IOException, InterruptedException, ExecutionException {
        ModelSource source = BenchSample.model();
        ModelManifest manifest = ManifestReader.read(source.location(), source.manifest());
        List<Tensor> input = List.of(BenchSample.input(manifest));
        Execution execution = manifest.execution();
        BackendPlan plan =
                execution.withThreads(execution.threadsOn(Runtime.getRuntime().availableProcessors()));
        try (PyTorchBackend engine = PyTorchBackend.start(EngineSettings.defaults());
                ArchiveSnapshot archive = source.snapshot();
                PyTorchModel model = engine.load(archive, plan)) {
            Histogram nanos = Rush.of(workers, seconds, () -> {
                PyTorchSession session = model.newSession();
                return () -> session.run(input);
            });
            Loop loop = new Loop(workers * 1e9 / nanos.getMean(), nanos.getValueAtPercentile(50) / 1e6);
            spec.commandLine().getOut().println(JsonMapper.shared().writeValueAsString(loop));
        }
        spec.commandLine().getOut().flush();
        return 0;
    }
}
