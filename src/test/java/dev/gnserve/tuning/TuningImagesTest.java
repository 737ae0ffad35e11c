package dev.gnserve.tuning;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TuningImagesTest {

    @TempDir
    private Path folder;

    @Test
    void theGoldenArrayOfAVolumeIsNoImage() throws IOException {
        String manifest = """
                task: segmentation
                labels: [a]
                input: {volume: {window: [8, 16, 16]}}
                golden: {image: input.npy, expected: output.npy}
                """;
        Files.writeString(folder.resolve("model.yaml"), manifest);
        Files.createFile(Files.createDirectories(folder.resolve("1")).resolve("model.pt"));

        assertThat(TuningImages.of(ModelFolder.versions(folder).get(0), ManifestReader.read("model.yaml", manifest)))
                .extracting(FloatTensor::shape)
                .containsExactly(TensorShape.of(1, 8, 16, 16));
    }
}
