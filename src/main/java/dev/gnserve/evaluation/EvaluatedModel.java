package dev.gnserve.evaluation;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.backend.Engine;
import dev.gnserve.backend.EngineScope;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.failure.FailureException;
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

    /** @throws IllegalArgumentException if the image cannot be read, or does not go with the model */
    <R> R find(CollectorFactory<R> task, Path image) throws IOException {
        Upload upload = new Upload(String.valueOf(image.getFileName()), Files.readAllBytes(image));
        try {
            return pipeline.find(task, model.manifest(), model, upload).result();
        } catch (FailureException e) {
            throw ofData(image, e);
        }
    }

    /** A failure as that of the data, unless the model or the machine failed. */
    private static RuntimeException ofData(Path file, FailureException e) {
        return switch (e.failure().code()) {
            case INVALID_REQUEST, UPLOAD_TOO_LARGE, IMAGE_TOO_LARGE, UNSUPPORTED_MEDIA, IMAGE_UNDECODABLE ->
                new IllegalArgumentException(file + ": " + e.failure().detail(), e);
            default -> e;
        };
    }

    /**
     * What is found in a volume, a file or a folder of Zarr.
     *
     * @throws IllegalArgumentException if it cannot be read, or does not go with the model
     */
    VolumeSegmentation find(Path volume) throws IOException {
        try {
            return volumes.find(model, volume);
        } catch (FailureException e) {
            throw ofData(volume, e);
        }
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
