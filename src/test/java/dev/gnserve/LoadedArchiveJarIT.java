package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.ServiceClient.Answer;
import dev.gnserve.archive.Rewrites;
import dev.gnserve.archive.TorchScriptArchive;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** What serves is the archive as it was when it was loaded, whole, whatever its size and whatever becomes of the file. */
class LoadedArchiveJarIT {

    private static final String MODEL = "cells";
    private static final int GROUPS = 4;
    private static final int OTHER_GROUPS = 2;
    private static final int MEGABYTE = 1 << 20;
    private static final int HEAP_MEGABYTES = 128;
    private static final int PADDING_MEGABYTES = 256;
    private static final int CHUNKS = 6;
    private static final Duration BETWEEN_CHUNKS = Duration.ofMillis(2_200); // two looks at the folder
    private static final String SEGMENTATION = """
            task: segmentation
            labels: [a, b]
            warmUp: {shapes: [[3, 32, 32]]}
            """;

    @TempDir
    private Path work;

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void layersAndVerificationSpeakOfTheNetworkThatServesWhenItsFileIsOverwritten(boolean inPlace) throws IOException {
        JarWithModels.models(work).put(MODEL, "/engine/group-norm-traced.pt", SEGMENTATION);
        try (JarWithModels jar = JarWithModels.start(work).awaitReady()) {
            if (inPlace) {
                Files.write(file(MODEL), other());
            } else {
                Path next = Files.write(work.resolve("next.pt"), other());
                Files.move(next, file(MODEL), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            }

            Answer layers = jar.client().get("v1/models/cells/layers");
            Answer report = jar.client().post("v1/models/cells/verify?batch=0", Samples.png("fluorescence-256"));

            assertThat(layers.status()).as(layers.text()).isEqualTo(200);
            assertThat(report.status()).as(report.text()).isEqualTo(200);
            assertThat(groups(report.json().path("calls"))).as(report.text()).containsExactly(GROUPS);
            assertThat(report.json().path("verdict").asString())
                    .as(report.text())
                    .isEqualTo("PASS");
            assertThat(groups(layers.json().path("layers"))).as(layers.text()).containsExactly(GROUPS);

            assertThat(jar.load(MODEL).status()).isEqualTo(200);
            assertThat(groups(jar.client().get("v1/models/cells/layers").json().path("layers")))
                    .as("once it is loaded")
                    .containsExactly(OTHER_GROUPS);
        }
    }

    /** One model serves while its file is replaced, the other comes into the folder. */
    @Test
    void aFileThatGrowsIsLoadedWhenItIsCompleteAndNotBefore() throws IOException {
        JarWithModels.models(work).put(MODEL, "/engine/group-norm-traced.pt", SEGMENTATION);
        try (JarWithModels jar = JarWithModels.start(work, "--gnserve.watch-interval=1s", "--gnserve.models=cells,new")
                .awaitReady()) {
            byte[] complete = other();
            JarWithModels.models(work).put("new", "1", new byte[0], SEGMENTATION);
            Files.write(file(MODEL), new byte[0]);
            for (int chunk = 0; chunk < CHUNKS; chunk++) {
                byte[] part = Arrays.copyOfRange(
                        complete, complete.length * chunk / CHUNKS, complete.length * (chunk + 1) / CHUNKS);
                Files.write(file(MODEL), part, StandardOpenOption.APPEND);
                Files.write(file("new"), part, StandardOpenOption.APPEND);
                long next = System.nanoTime() + BETWEEN_CHUNKS.toNanos();
                while (System.nanoTime() < next) {
                    assertThat(jar.model(MODEL).path("reason").asString(""))
                            .as("after %d of %d chunks", chunk + 1, CHUNKS)
                            .isEmpty();
                    assertThat(jar.model("new").path("state").asString("")).isNotEqualTo("FAILED");
                    JarWithModels.pause(Duration.ofMillis(100));
                }
            }

            jar.await(
                    "the complete file to serve",
                    () -> groups(jar.client()
                                    .get("v1/models/cells/layers")
                                    .json()
                                    .path("layers"))
                            .equals(List.of(OTHER_GROUPS)));
            jar.awaitState("new", "READY");
            assertThat(jar.output()).doesNotContain("does not load", "does not serve");
        }
    }

    @Test
    void anArchiveLargerThanTheHeapServes() throws IOException {
        JarWithModels.models(work).put(MODEL, "/engine/group-norm-traced.pt", SEGMENTATION);
        pad(ModelsFolder.bytes("/engine/group-norm-traced.pt"), file(MODEL));
        try (JarWithModels jar = JarWithModels.start(work, List.of("-Xmx" + HEAP_MEGABYTES + "m"))) {
            jar.await(
                    "the model to be tried",
                    () -> !jar.model(MODEL).path("state").asString("LOADING").equals("LOADING"));
            JsonNode model = jar.model(MODEL);
            assertThat(model.path("state").asString()).as(model.toString()).isEqualTo("READY");

            Answer answer = jar.client().post("v1/models/cells/segment?masks=none", Samples.png("fluorescence-256"));
            Answer layers = jar.client().get("v1/models/cells/layers");
            Answer report = jar.client().post("v1/models/cells/verify?batch=0", Samples.png("fluorescence-256"));

            assertThat(answer.status()).as(answer.text()).isEqualTo(200);
            assertThat(layers.status()).as(layers.text()).isEqualTo(200);
            assertThat(report.status()).as(report.text()).isEqualTo(200);
        }
    }

    private Path file(String model) {
        return JarWithModels.models(work).path().resolve(model).resolve("1").resolve("model.pt");
    }

    /** The same network with other groups: as valid, and of another size. */
    private static byte[] other() {
        return Rewrites.code(
                        TorchScriptArchive.of(ModelsFolder.bytes("/engine/group-norm-traced.pt")),
                        "code/__torch__/torch/nn/modules/normalization.py",
                        "(argument_1, " + GROUPS + ", ",
                        "(argument_1, " + OTHER_GROUPS + ", ")
                .toByteArray();
    }

    private static List<Integer> groups(JsonNode layers) {
        return layers.valueStream().map(layer -> layer.path("groups").asInt()).toList();
    }

    /** An archive with one more entry, which no code reads. */
    private static void pad(byte[] archive, Path file) throws IOException {
        try (OutputStream out = Files.newOutputStream(file);
                ZipOutputStream zip = new ZipOutputStream(out);
                ZipInputStream entries = new ZipInputStream(new ByteArrayInputStream(archive))) {
            zip.setMethod(ZipOutputStream.STORED);
            String root = "";
            for (ZipEntry entry = entries.getNextEntry(); entry != null; entry = entries.getNextEntry()) {
                root = entry.getName().substring(0, entry.getName().indexOf('/') + 1);
                store(zip, entry.getName(), entries.readAllBytes(), 1);
            }
            store(zip, root + "extra/padding", new byte[MEGABYTE], PADDING_MEGABYTES);
        }
    }

    private static void store(ZipOutputStream zip, String name, byte[] bytes, int times) throws IOException {
        CRC32 sum = new CRC32();
        for (int i = 0; i < times; i++) {
            sum.update(bytes);
        }
        ZipEntry entry = new ZipEntry(name);
        entry.setSize((long) bytes.length * times);
        entry.setCrc(sum.getValue());
        zip.putNextEntry(entry);
        for (int i = 0; i < times; i++) {
            zip.write(bytes);
        }
        zip.closeEntry();
    }
}
