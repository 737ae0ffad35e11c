package dev.gnserve.workshop.cli;

import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.Tensor;
import dev.gnserve.image.ImageDecoder;
import dev.gnserve.image.ImageLimits;
import dev.gnserve.image.PlanarImage;
import dev.gnserve.model.EmbeddedModels;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.ModelSource;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;

/** The 256x256 PNG that serving is measured with. */
final class BenchSample {

    static final String MODEL = "nuclei-unet-gn";

    private static final String RESOURCE = "/samples/nuclei/fluorescence-256.png";

    private BenchSample() {}

    /** The embedded model that the sample belongs to. */
    static ModelSource model() throws IOException {
        return EmbeddedModels.list(BenchSample.class.getClassLoader()).stream()
                .filter(model -> model.name().equals(MODEL))
                .findFirst()
                .orElseThrow();
    }

    /** The sample as the model's input, without a batch axis. */
    static FloatTensor input(ModelManifest manifest) throws IOException {
        PlanarImage image = manifest.preprocessor()
                .prepare(new ImageDecoder(ImageLimits.DEFAULT).decode(png()))
                .tile(0);
        return Tensor.of(image.values(), image.channels(), image.height(), image.width());
    }

    static byte[] png() throws IOException {
        try (InputStream in = BenchSample.class.getResourceAsStream(RESOURCE)) {
            if (in == null) {
                throw new FileNotFoundException("no " + RESOURCE + " on the class path");
            }
            return in.readAllBytes();
        }
    }
}
