package dev.gnserve.workshop.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointTest {

    @TempDir
    Path folder;

    @Test
    void comesBackAsItWasSaved() throws IOException {
        Checkpoint saved = Checkpoint.initial(new float[] {1, -2.5f, Float.MIN_VALUE});
        new AdamW(saved, new boolean[3], 0.1, 0.9).step(new float[] {0.1f, 0.2f, 0.3f}, 0.01);
        Path file = folder.resolve("checkpoint.bin");
        saved.save(file);

        Checkpoint loaded = Checkpoint.load(file);

        assertThat(loaded.step()).isEqualTo(1);
        assertThat(loaded.weights()).containsExactly(saved.weights());
        assertThat(loaded.firstMoment()).containsExactly(saved.firstMoment());
        assertThat(loaded.secondMoment()).containsExactly(saved.secondMoment());
        assertThat(loaded.average()).containsExactly(saved.average());
    }

    @Test
    void savingLeavesNothingElseBehind() throws IOException {
        Path file = folder.resolve("checkpoint.bin");
        Checkpoint.initial(new float[4]).save(file);
        Checkpoint.initial(new float[4]).save(file);
        try (var files = Files.list(folder)) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void anotherFileIsRefused() throws IOException {
        Path file = Files.writeString(folder.resolve("checkpoint.bin"), "something else");
        assertThatThrownBy(() -> Checkpoint.load(file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("not a checkpoint");
    }
}
