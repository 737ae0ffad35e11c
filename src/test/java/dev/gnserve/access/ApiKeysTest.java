package dev.gnserve.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.failure.MisconfiguredException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ApiKeysTest {

    private static final String ONE = "first-key-0123456789";
    private static final String OTHER = "other-key-0123456789";

    @Test
    void keysComeFromTheConfigurationAndFromAFile(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("keys"), "# of the laboratory\n\n  " + OTHER + "  \n");

        ApiKeys keys = ApiKeys.of(List.of(ONE), file);

        assertThat(keys.contains(ONE)).isTrue();
        assertThat(keys.contains(OTHER)).isTrue();
        assertThat(keys.contains("# of the laboratory")).isFalse();
        assertThat(keys.contains("")).isFalse();
        assertThat(keys.contains(ONE.substring(1))).isFalse();
        assertThat(keys.contains(ONE + " ")).isFalse();
    }

    @Test
    void aByteOrderMarkIsNoPartOfAKey(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("keys"), "\uFEFF" + ONE + "\r\nscanner: " + OTHER + "\r\n");

        ApiKeys keys = ApiKeys.of(List.of(), file);

        assertThat(keys.contains(ONE)).isTrue();
        assertThat(keys.id(OTHER)).isEqualTo("scanner");
    }

    @Test
    void keysChangeWithTheirFile(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("keys"), "scanner: " + ONE + "\n");
        AtomicLong nanos = new AtomicLong();
        ApiKeys keys = ApiKeys.of(List.of(), file, nanos::get);
        assertThat(keys.id(ONE)).isEqualTo("scanner");

        Files.writeString(file, "scanner: " + OTHER + "\nlaboratory: " + ONE + ONE + "\n");
        assertThat(keys.id(OTHER)).as("at most one look a second").isNull();
        nanos.addAndGet(1_000_000_000);

        assertThat(keys.id(OTHER)).isEqualTo("scanner");
        assertThat(keys.id(ONE + ONE)).isEqualTo("laboratory");
        assertThat(keys.id(ONE)).isNull();
    }

    @Test
    void aFileThatLosesItsKeysLetsNobodyInAndNobodyOut(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("keys"), ONE);
        AtomicLong nanos = new AtomicLong();
        ApiKeys keys = ApiKeys.of(List.of(), file, nanos::get);

        for (String content : List.of("# none", "short")) {
            Files.writeString(file, content);
            nanos.addAndGet(1_000_000_000);
            assertThat(keys.contains(ONE)).isTrue();
            assertThat(keys.isEmpty()).isFalse();
        }
        Files.delete(file);
        nanos.addAndGet(1_000_000_000);
        assertThat(keys.contains(ONE)).isTrue();
    }

    @Test
    void aKeyWithoutAnIdHasTheStartOfItsDigest() {
        // printf first-key-0123456789 | sha256sum
        assertThat(ApiKeys.of(List.of(ONE), null).id(ONE)).isEqualTo("ed60d752");
    }

    @Test
    void aFileThatHoldsNoKeysIsRefusedAndNamed(@TempDir Path folder) throws IOException {
        Path missing = folder.resolve("missing");
        Path binary = Files.write(folder.resolve("binary"), new byte[] {(byte) 0xFF, 0});
        Path empty = Files.writeString(folder.resolve("empty"), "# none yet\n\n");

        for (Path file : List.of(missing, folder, binary, empty)) {
            assertThatThrownBy(() -> ApiKeys.of(List.of(ONE), file))
                    .isInstanceOf(MisconfiguredException.class)
                    .hasMessageContaining(file.toString())
                    .hasMessageContaining("one key a line");
        }
    }

    @Test
    void aShortKeyIsRefusedWithoutBeingNamed() {
        assertThatThrownBy(() -> ApiKeys.of(List.of("hunter2"), null))
                .hasMessageContaining("7 characters")
                .hasMessageNotContaining("hunter2");
    }

    @Test
    void theSettingsDoNotTellTheKeys() {
        assertThat(new AccessSettings(List.of(ONE), null, List.of(OTHER), null).toString())
                .doesNotContain(ONE, OTHER);
    }
}
