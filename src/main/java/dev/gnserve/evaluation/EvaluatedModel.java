package dev.gnserve.evaluation;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.backend.Engine;
import dev.gnserve.backend.EngineScope;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.ModelSource;
import dev.gnserve.pipeline.CollectorFactory;
import dev.gnserve.pipeline.ImagePipeline;
import dev.gnserve.pipeline.Upload;
import dev.gnserve.pipeline.VolumePipeline;
import dev.gnserve.segmentation.VolumeBatch;
import dev.gnserve.segmentation.VolumeSegmentation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A model with an engine of its own, which answers as it is served: by the same decoding, preparation, tiles and post-processing. */
final class EvaluatedModel implements AutoCloseable {

    private final ImagePipeline pipeline = ImagePipeline.forCommands();
    private final VolumeBatch volumes = new VolumeBatch(VolumePipeline.forCommands());
    private final Engine engine;
    private final LoadedModel model;

    private EvaluatedModel(Engine engine, LoadedModel model) {
        this.engine = engine;
        this.model = model;
    }

    /** @throws dev.gnserve.failure.FailureException if it does not load */
    static EvaluatedModel open(ModelSource source) {
        Engine engine = new Engine(PyTorchBackend.start(EngineSettings.defaults()));
        try {
            return new EvaluatedModel(engine, LoadedModel.alone(source, engine));
        } catch (RuntimeException | Error e) {
            engine.close();
            throw e;
        }
    }

    ModelManifest manifest() {
        return model.manifest();
    }

    /**
     * The post-processing of the model, and the same with other thresholds.
     *
     * @param tries the text of model.yaml with each threshold
     */
    ThresholdSweep sweep(ModelSource source, Map<Float, String> tries) throws IOException {
        List<ModelManifest> manifests = new ArrayList<>();
        if (!tries.isEmpty()) {
            try (ArchiveSnapshot archive = source.snapshot()) {
                EngineScope scope = engine.scope("model " + source.name());
                for (String yaml : tries.values()) {
                    manifests.add(ManifestReader.read(source.manifestLocation(), yaml, archive, scope));
                }
            }
        }
        return new ThresholdSweep(List.copyOf(tries.keySet()), manifests);
    }

    /** @throws dev.gnserve.failure.FailureException if the image cannot be read */
    <R> R find(CollectorFactory<R> task, Path image) throws IOException {
        Upload upload = new Upload(String.valueOf(image.getFileName()), Files.readAllBytes(image));
        return pipeline.find(task, model.manifest(), model, upload).result();
    }

    /**
     * What is found in a volume, a file or a folder of Zarr.
     *
     * @throws dev.gnserve.failure.FailureException if it cannot be read
     */
    VolumeSegmentation find(Path volume) throws IOException {
        return volumes.find(model, volume);
    }

    boolean takesVolumes() {
        return manifest().input().volume() != null;
    }

    @Override
    public void close() {
        try (engine) {
            boolean unused = model.close(Duration.ofSeconds(10));
        }
    }
}
