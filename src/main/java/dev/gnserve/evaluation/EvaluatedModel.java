package dev.gnserve.evaluation;

import dev.gnserve.backend.Engine;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.ModelSource;
import dev.gnserve.pipeline.ImagePipeline;
import dev.gnserve.pipeline.ImageTask;
import dev.gnserve.pipeline.Upload;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** A model with an engine of its own, which answers as it is served: by the same decoding, preparation, tiles and post-processing. */
final class EvaluatedModel implements AutoCloseable {

    private final ImagePipeline pipeline = ImagePipeline.forCommands();
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

    /** @throws dev.gnserve.failure.FailureException if the image cannot be read */
    <R> R find(ImageTask<R, ?> task, Path image) throws IOException {
        Upload upload = new Upload(String.valueOf(image.getFileName()), Files.readAllBytes(image));
        return pipeline.find(task, model.manifest(), model, upload).result();
    }

    @Override
    public void close() {
        try (engine) {
            boolean unused = model.close(Duration.ofSeconds(10));
        }
    }
}
