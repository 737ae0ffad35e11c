package dev.gnserve.workshop.cli;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.backend.djl.PyTorchModel;
import dev.gnserve.backend.djl.PyTorchSession;
import dev.gnserve.image.ImageDecoder;
import dev.gnserve.image.ImageLimits;
import dev.gnserve.image.PlanarImage;
import dev.gnserve.model.Execution;
import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelFolder;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.ModelSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** Forward passes of all models of a folder, one image each, in turns. */
@Command(name = "engine", hidden = true, description = "The engine loop of the benchmark of plans.")
final class PlansBenchEngineCommand implements Callable<Integer> {

    @Option(names = "--folder", required = true)
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    @Option(names = "--image", required = true)
    @SuppressWarnings("NullAway.Init")
    private Path image;

    @Option(names = "--seconds", required = true)
    private int seconds;

    @Option(names = "--rounds", required = true)
    private int rounds;

    @Option(names = "--workers", required = true, split = ",")
    private List<Integer> workers = List.of();

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    /**
     * One measurement.
     *
     * @param model of the folder
     * @param parallel passes, or requests, that are under way at the same time
     */
    record Speed(String model, int parallel, double imagesPerSecond) {}

    /** All measurements, round after round. */
    record Speeds(List<Speed> speeds) {}

    @Override
    public Integer call() throws IOException, InterruptedException, ExecutionException {
        Map<String, PyTorchModel> loaded = new LinkedHashMap<>();
        List<Speed> speeds = new ArrayList<>();
        try (PyTorchBackend engine = PyTorchBackend.start(EngineSettings.defaults())) {
            try {
                List<Tensor> input = List.of();
                for (ModelSource source : ModelFolder.list(folder)) {
                    ModelManifest manifest = ManifestReader.read(source.location(), source.manifest());
                    Execution execution = manifest.execution();
                    int threads = execution.threadsOn(Runtime.getRuntime().availableProcessors());
                    try (ArchiveSnapshot archive = source.snapshot()) {
                        loaded.put(source.name(), engine.load(archive, execution.withThreads(threads)));
                    }
                    input = List.of(input(manifest));
                }
                for (int round = 0; round < rounds; round++) {
                    for (int parallel : workers) {
                        for (Map.Entry<String, PyTorchModel> model : loaded.entrySet()) {
                            speeds.add(measure(model.getKey(), model.getValue(), input, parallel));
                        }
                    }
                }
            } finally {
                loaded.values().forEach(PyTorchModel::close);
            }
        }
        spec.commandLine().getOut().println(JsonMapper.shared().writeValueAsString(new Speeds(speeds)));
        spec.commandLine().getOut().flush();
        return 0;
    }

    private Speed measure(String name, PyTorchModel model, List<Tensor> input, int parallel)
            throws InterruptedException, ExecutionException {
        double mean = Rush.of(parallel, 1, seconds, () -> {
                    PyTorchSession session = model.newSession();
                    return () -> session.run(input);
                })
                .getMean();
        return new Speed(name, parallel, parallel * 1e9 / mean);
    }

    /** The picture as the model takes it, without a batch axis; of a large one, the first tile. */
    private Tensor input(ModelManifest manifest) throws IOException {
        PlanarImage prepared = manifest.preprocessor()
                .prepare(new ImageDecoder(ImageLimits.DEFAULT).decode(Files.readAllBytes(image)))
                .tile(0);
        return Tensor.of(prepared.values(), prepared.channels(), prepared.height(), prepared.width());
    }
}
