package dev.gnserve.embedding;

import dev.gnserve.backend.Prediction;
import dev.gnserve.image.Cancellation;
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
    public EmbeddedImage describe(String name, Embedded found, Timing timing, Cancellation cancellation) {
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

    /** The cosine of the angle between the vectors, at least 0; 0 for vectors of different lengths. */
    @Override
    public double agreement(Embedded served, Embedded other) {
        if (served.vector().size() != other.vector().size()) {
            return 0;
        }
        double product = 0;
        double one = 0;
        double two = 0;
        for (int i = 0; i < served.vector().size(); i++) {
            double a = served.vector().get(i);
            double b = other.vector().get(i);
            product += a * b;
            one += a * a;
            two += b * b;
        }
        return one == 0 || two == 0 ? (one == two ? 1 : 0) : Math.max(0, product / Math.sqrt(one * two));
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
