package dev.gnserve.embedding;

import dev.gnserve.backend.Prediction;
import dev.gnserve.image.PreparedImage;
import dev.gnserve.image.UprightImage;
import dev.gnserve.model.EmbeddingSpec;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.Task;
import dev.gnserve.pipeline.ImageTask;
import dev.gnserve.pipeline.TileCollector;
import dev.gnserve.pipeline.Timing;
import dev.gnserve.problem.Problem;
import java.util.ArrayList;
import java.util.List;

/** Embedding. A request has no parameters for it. */
record EmbeddingTask() implements ImageTask<EmbeddingTask.Embedded, EmbeddedImage> {

    /** The result for one image. */
    record Embedded(UprightImage image, List<Float> vector, boolean normalized) {}

    @Override
    public Task task() {
        return Task.EMBEDDING;
    }

    @Override
    public TileCollector<Embedded> collector(ModelManifest manifest, UprightImage image, PreparedImage prepared) {
        // A vector stands for the whole image: there is one tile.
        List<Float> vector = new ArrayList<>();
        return new TileCollector<>() {
            @Override
            public void add(Prediction whole) {
                for (float value : EmbeddingSpec.vector(manifest.output(), whole)) {
                    vector.add(value);
                }
            }

            @Override
            public Embedded finish() {
                return new Embedded(
                        image, vector, EmbeddingSpec.of(manifest.output()).normalize());
            }
        };
    }

    @Override
    public EmbeddedImage describe(String name, Embedded found, Timing timing) {
        return new EmbeddedImage(
                name,
                found.image().page(),
                found.image().width(),
                found.image().height(),
                found.vector(),
                found.vector().size(),
                found.normalized(),
                timing,
                null);
    }

    @Override
    public EmbeddedImage failed(String name, Problem problem) {
        return new EmbeddedImage(name, null, null, null, null, null, null, null, problem);
    }

    @Override
    public EmbeddingResponse response(LoadedModel model, String requestId, List<EmbeddedImage> images) {
        return new EmbeddingResponse(model.name(), model.version(), requestId, images);
    }
}
