package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.gnserve.ServiceClient.Answer;
import dev.gnserve.bulk.BulkJob;
import dev.gnserve.bulk.Shard;
import dev.gnserve.image.Cancellation;
import dev.gnserve.image.ImageLimits;
import dev.gnserve.model.ModelLease;
import dev.gnserve.model.ModelRepository;
import dev.gnserve.numpy.Npz;
import dev.gnserve.numpy.NumpyFile;
import dev.gnserve.pipeline.Upload;
import dev.gnserve.pipeline.VolumePipeline;
import dev.gnserve.segmentation.VolumeBatch;
import dev.gnserve.volume.VolumeFile;
import dev.gnserve.workshop.training.BlobFiles;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Volumes in, labels out. Expected values are those of MONAI 1.6.1 with torch 2.15.0 (volumes/make.py). */
@SpringBootTest(classes = GnserveApplication.class, webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
class VolumesIT {

    private static final Npz EXPECTED = Npz.read(ModelsFolder.bytes("/volumes/expected.npz"));

    private static final String MANIFEST = """
            task: segmentation
            labels: [dim, bright]
            input:
              volume:
                window: [8, 8, 8]
                overlap: [0.25]
                blending: gaussian
                steps: [{kind: zero-mean, epsilon: 1.0e-6}]
            %s
            """;

    @TempDir
    private static Path models;

    @LocalServerPort
    private int port;

    @Autowired
    private ModelRepository repository;

    @Autowired
    private VolumePipeline pipeline;

    private ServiceClient client;

    @DynamicPropertySource
    static void models(DynamicPropertyRegistry properties) throws IOException {
        ModelsFolder folder = new ModelsFolder(models);
        put(folder, "plain", "");
        put(folder, "xyz", "    axes: xyz");
        put(folder, "ras", "    orientation: RAS");
        put(folder, "finer", "    orientation: RAS\n    spacing: [0.42, 0.9, 0.3]");
        put(folder, "coarser", "    orientation: LPS\n    spacing: [0.7, 0.5, 2.6]");
        String linear = "\n    back: linear\noutput: {decoder: probabilities, exclusive: true,"
                + " channels: [background, dim, bright], steps: [{kind: softmax}]}";
        put(folder, "finer-linear", "    orientation: RAS\n    spacing: [0.42, 0.9, 0.3]" + linear);
        put(folder, "coarser-linear", "    orientation: LPS\n    spacing: [0.7, 0.5, 2.6]" + linear);
        put(folder, "tiny", "    spacing: [0.001, 0.001, 0.001]");
        folder.put(
                "overlapping",
                "/volumes/network.pt",
                MANIFEST.formatted(
                        "output: {decoder: probabilities, exclusive: false, channels: [background, dim, bright],"
                                + " steps: [{kind: sigmoid}]}"));
        folder.put("between", "/volumes/network.pt", """
                task: segmentation
                labels: [dim]
                input:
                  volume:
                    window: [8, 8, 8]
                    overlap: [0.25]
                    blending: gaussian
                    steps: [{kind: zero-mean, epsilon: 1.0e-6}]
                output:
                  decoder: watershed
                  channels: [background, dim, boundary]
                  steps: [{kind: softmax}]
                  watershed: {threshold: 0.6, seedSigma: 0.6, boundarySigma: 0, minimumArea: 12}
                thresholds: {mask: 0.2}
                """);
        folder.put(
                "example",
                "/examples/volume/1/model.pt",
                new String(ModelsFolder.bytes("/examples/volume/model.yaml"), StandardCharsets.UTF_8));
        folder.put(
                "wrong",
                "/volumes/network.pt",
                MANIFEST.formatted("golden: {image: in.npy, expected: out.npy, tolerance: 0.001}"));
        new NumpyFile(new long[] {1, 1, 8, 8, 8}, new float[512]).write(models.resolve("wrong/in.npy"));
        new NumpyFile(new long[] {1, 3, 8, 8, 8}, new float[1536]).write(models.resolve("wrong/out.npy"));
        folder.serveAlone(properties);
    }

    private static void put(ModelsFolder folder, String name, String line) {
        folder.put(name, "/volumes/network.pt", MANIFEST.formatted(line));
    }

    @BeforeEach
    void waitForModels() {
        repository.loaded().join();
        client = new ServiceClient(port);
    }

    private Answer post(String model, String query, String file) {
        return client.send(client.request("v1/models/" + model + "/segment" + query)
                .header("Content-Type", "application/octet-stream")
                .POST(BodyPublishers.ofByteArray(ModelsFolder.bytes("/volumes/" + file))));
    }

    private static float[] values(Answer answer, int components) {
        assertThat(answer.status()).as(answer.text()).isEqualTo(200);
        return VolumeFile.open(answer.response().body(), components, ImageLimits.DEFAULT)
                .read(Cancellation.NEVER)
                .values();
    }

    @ParameterizedTest
    @CsvSource({
        "plain, imagej.tif, logits",
        "plain, turned.nii.gz, logits",
        "plain, plain.npy, logits",
        "xyz, turned.nii.gz, logits-xyz",
        "ras, turned.nii.gz, logits-ras"
    })
    void outputsAreThoseOfMonai(String model, String file, String expected) {
        float[] logits = values(post(model, "?format=npy&content=logits", file), 3);

        assertThat(logits).containsExactly(EXPECTED.floats(expected), within(1e-4f));
    }

    @ParameterizedTest
    @ValueSource(strings = {"finer", "coarser"})
    void aVolumeIsResampledAndItsLabelsComeBack(String model) {
        float[] expected =
                Npz.read(ModelsFolder.bytes("/volumes/resampled.npz")).floats(model);

        assertThat(values(post(model, "?format=npy&content=logits", "turned.nii.gz"), 3))
                .containsExactly(expected, within(1e-4f));
        float[] labels = values(post(model, "?format=nifti", "turned.nii.gz"), 1);
        int voxels = labels.length;
        for (int i = 0; i < voxels; i++) {
            float background = expected[i];
            float dim = expected[voxels + i];
            float bright = expected[2 * voxels + i];
            int label = dim > background && dim >= bright ? 1 : bright > background ? 2 : 0;
            assertThat(labels[i]).isEqualTo(label);
        }
        Answer verified = client.send(client.request("v1/models/" + model + "/verify")
                .header("Content-Type", "application/octet-stream")
                .POST(BodyPublishers.ofByteArray(ModelsFolder.bytes("/volumes/turned.nii.gz"))));
        assertThat(verified.json().path("verdict").asString()).isEqualTo("PASS");
    }

    @ParameterizedTest
    @ValueSource(strings = {"finer-linear", "coarser-linear"})
    void probabilitiesAreInterpolatedBack(String model) {
        float[] expected =
                Npz.read(ModelsFolder.bytes("/volumes/resampled.npz")).floats(model);

        assertThat(values(post(model, "?format=npy&content=probabilities", "turned.nii.gz"), 3))
                .containsExactly(expected, within(1e-4f));
    }

    @ParameterizedTest
    @ValueSource(strings = {"plain", "xyz", "overlapping"})
    void masksOfPlanesAreTheVoxelsOfTheFiles(String model) {
        JsonNode volume = post(model, "?masks=rle&array=raw", "several.npz")
                .json()
                .path("volumes")
                .path(0);
        int components = model.equals("overlapping") ? 2 : 1;
        float[] labels = values(post(model, "?format=npy", "plain.npy"), components);
        float[] objects = values(post(model, "?format=npy&content=objects", "plain.npy"), components);

        int voxels = 11 * 9 * 13;
        for (int label = 0; label < 2; label++) {
            JsonNode one = volume.path("classes").path(label);
            boolean[] inside = new boolean[voxels];
            int at = components == 2 ? label * voxels : 0;
            for (int i = 0; i < voxels; i++) {
                inside[i] = labels[at + i] == label + 1;
            }
            assertThat(decoded(one.path("slices"))).as("label %d", label).isEqualTo(inside);
            for (JsonNode object : volume.path("objects")) {
                if (object.path("label").equals(one.path("label"))) {
                    int id = object.path("id").asInt();
                    for (int i = 0; i < voxels; i++) {
                        inside[i] = objects[at + i] == id;
                    }
                    assertThat(decoded(object.path("slices")))
                            .as("object %d", id)
                            .isEqualTo(inside);
                    assertThat(object.path("slices").size())
                            .isEqualTo(object.path("box").path("depth").asInt());
                }
            }
        }
        assertThat(volume.path("objects").size()).isPositive();
    }

    private static boolean[] decoded(JsonNode slices) {
        boolean[] inside = new boolean[11 * 9 * 13];
        for (JsonNode slice : slices) {
            JsonNode mask = slice.path("mask");
            assertThat(mask.path("size").path(0).asInt()).isEqualTo(9);
            boolean[][] plane = CocoRleDecoder.decode(mask.path("counts").asString(), 9, 13);
            for (int i = 0; i < 9 * 13; i++) {
                inside[slice.path("z").asInt() * 9 * 13 + i] = plane[i / 13][i % 13];
            }
        }
        return inside;
    }

    /** Objects of SciPy and scikit-image from MONAI's outputs (volumes/make_watershed.py). */
    @Test
    void objectsBetweenBoundariesComeInEveryForm() {
        float[] expected =
                Npz.read(ModelsFolder.bytes("/volumes/watershed.npz")).floats("network");

        for (String format : new String[] {"npy", "tiff", "nifti"}) {
            assertThat(values(post("between", "?content=objects&format=" + format, "plain.npy"), 1))
                    .as(format)
                    .isEqualTo(expected);
        }
        float[] labels = values(post("between", "?format=npy", "plain.npy"), 1);
        JsonNode volume = post("between", "?masks=rle", "plain.npy")
                .json()
                .path("volumes")
                .path(0);
        int[] voxels = new int[13];
        for (int i = 0; i < expected.length; i++) {
            assertThat(labels[i]).isEqualTo(expected[i] > 0 ? 1 : 0);
            voxels[(int) expected[i]]++;
        }
        assertThat(volume.path("classes").path(0).path("voxels").asInt()).isEqualTo(expected.length - voxels[0]);
        assertThat(volume.path("objects")).hasSize(12);
        for (JsonNode object : volume.path("objects")) {
            int id = object.path("id").asInt();
            assertThat(object.path("voxels").asInt()).isEqualTo(voxels[id]);
            boolean[] inside = new boolean[expected.length];
            for (int i = 0; i < inside.length; i++) {
                inside[i] = expected[i] == id;
            }
            assertThat(decoded(object.path("slices"))).as("object %d", id).isEqualTo(inside);
        }
        assertThat(post("between", "?threshold=0.99", "plain.npy")
                        .json()
                        .path("volumes")
                        .path(0)
                        .path("objects")
                        .size())
                .isLessThan(12);
        Answer verified = client.send(client.request("v1/models/between/verify")
                .header("Content-Type", "application/octet-stream")
                .POST(BodyPublishers.ofByteArray(ModelsFolder.bytes("/volumes/plain.npy"))));
        assertThat(verified.json().path("verdict").asString()).isEqualTo("PASS");
    }

    /** The stack of the example has a seed that the network was not trained with. */
    @Test
    void theExampleFindsItsBlobs(@TempDir Path made) throws IOException {
        BlobFiles.write(-100, 32, 64, made.resolve("blobs.tif"));
        byte[] stack = ModelsFolder.bytes("/examples/volume/blobs.tif");
        assertThat(made.resolve("blobs.tif")).hasBinaryContent(stack);
        float[] blobs = VolumeFile.open(Files.readAllBytes(made.resolve("blobs.ids.tif")), 1, ImageLimits.DEFAULT)
                .read(Cancellation.NEVER)
                .values();

        float[] objects = values(
                client.send(client.request("v1/models/example/segment?format=npy&content=objects")
                        .header("Content-Type", "application/octet-stream")
                        .POST(BodyPublishers.ofByteArray(stack))),
                1);

        int common = 0;
        int both = 0;
        Set<Float> wanted = new HashSet<>();
        Set<Float> found = new HashSet<>();
        for (int i = 0; i < blobs.length; i++) {
            common += blobs[i] > 0 && objects[i] > 0 ? 1 : 0;
            both += (blobs[i] > 0 ? 1 : 0) + (objects[i] > 0 ? 1 : 0);
            wanted.add(blobs[i]);
            found.add(objects[i]);
        }
        assertThat(2.0 * common / both).as("Dice").isGreaterThan(0.95);
        assertThat(found.size()).as("objects").isCloseTo(wanted.size(), withinPercentage(15));
    }

    /** As the command batch does it: files and folders of Zarr at any depth. */
    @Test
    void aFolderOfVolumesHasAResultForEach(@TempDir Path folder) throws Exception {
        Path in = Files.createDirectories(folder.resolve("in"));
        Files.createDirectories(in.resolve("deep/er"));
        Files.write(in.resolve("plain.npy"), ModelsFolder.bytes("/volumes/plain.npy"));
        Files.write(in.resolve("deep/turned.NII.gz"), ModelsFolder.bytes("/volumes/turned.nii.gz"));
        Files.writeString(in.resolve("deep/notes.txt"), "no volume");
        Files.write(in.resolve("deep/broken.tif"), new byte[100]);
        try (ZipInputStream zip =
                new ZipInputStream(new ByteArrayInputStream(ModelsFolder.bytes("/volumes/zarr.zip")))) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                if (entry.getName().startsWith("wrapped") || entry.getName().startsWith("no-blosclz")) {
                    Path file = in.resolve("deep/er").resolve(entry.getName());
                    Files.createDirectories(file.getParent());
                    Files.write(file, zip.readAllBytes());
                }
            }
        }
        Path out = folder.resolve("out");
        VolumeBatch batch = new VolumeBatch(pipeline);
        BulkJob.Summary summary;
        try (ModelLease lease = repository.lease("plain", null)) {
            BulkJob job = BulkJob.ofVolumes(
                    in,
                    out,
                    true,
                    (name, file) -> {
                        VolumeBatch.Answer answer = Files.isDirectory(file)
                                ? batch.folder(lease.model(), name, file, true)
                                : batch.file(lease.model(), new Upload(name, BulkJob.read(file)), true);
                        return new BulkJob.Result(
                                JsonMapper.shared().writeValueAsBytes(answer.document()), answer.picture());
                    },
                    (name, failure) -> name.getBytes(StandardCharsets.UTF_8));
            summary = job.run(Shard.WHOLE, 1, count -> {}, name -> {});
        }

        assertThat(summary.images()).isEqualTo(5);
        assertThat(summary.done()).isEqualTo(3);
        assertThat(summary.failed()).containsOnlyKeys("deep/broken.tif", "deep/er/no-blosclz");
        assertThat(summary.failed().get("deep/er/no-blosclz")).contains("the codec blosc with blosclz");
        JsonNode plain = JsonMapper.shared()
                .readTree(Files.readAllBytes(out.resolve("plain.npy.json")))
                .path("volumes")
                .path(0);
        JsonNode answered =
                post("plain", "?masks=rle", "plain.npy").json().path("volumes").path(0);
        assertThat(plain.path("name").asString()).isEqualTo("plain.npy");
        assertThat(plain.path("classes")).isEqualTo(answered.path("classes"));
        assertThat(plain.path("objects")).isEqualTo(answered.path("objects"));
        JsonNode zarr = JsonMapper.shared()
                .readTree(Files.readAllBytes(out.resolve("deep/er/wrapped/0.json")))
                .path("volumes")
                .path(0);
        assertThat(zarr.path("width").asInt()).isEqualTo(30);
        assertThat(zarr.path("spacing").path("x").asDouble()).isEqualTo(0.25);
        assertThat(out.resolve("deep/turned.NII.gz.overlay.png")).isNotEmptyFile();
    }

    @Test
    void masksGoWithJsonAsRunLengths() {
        assertThat(post("plain", "", "plain.npy").text()).doesNotContain("slices");
        Answer png = post("plain", "?masks=png", "plain.npy");
        assertThat(png.status()).isEqualTo(400);
        assertThat(png.text()).contains("allowed for a volume are rle");
        assertThat(post("plain", "?masks=rle&format=tiff", "plain.npy").status())
                .isEqualTo(400);
        Answer several = post("plain", "", "several.npz");
        assertThat(several.status()).isEqualTo(422);
        assertThat(several.text()).contains("raw, label, raw_f");
    }

    @ParameterizedTest
    @ValueSource(strings = {"tiff", "nifti", "npy"})
    void labelsAreTheHighestOutputs(String format) {
        float[] labels = values(post("plain", "?format=" + format, "turned.nii.gz"), 1);
        float[] logits = EXPECTED.floats("logits");
        int different = 0;
        for (int i = 0; i < labels.length; i++) {
            int best = 0;
            for (int c = 1; c < 3; c++) {
                best = logits[c * labels.length + i] > logits[best * labels.length + i] ? c : best;
            }
            different += best == labels[i] ? 0 : 1;
        }
        assertThat(different).isZero();
    }

    @Test
    void objectsHaveVolumesInTheUnitOfTheFile() {
        JsonNode found = post("plain", "", "imagej.tif").json().path("volumes").path(0);

        assertThat(found.path("axes").asString()).isEqualTo("zyx");
        assertThat(found.path("depth").asInt()).isEqualTo(11);
        assertThat(found.path("width").asInt()).isEqualTo(13);
        assertThat(found.path("spacing").path("z").asDouble()).isEqualTo(2);
        assertThat(found.path("spacing").path("unit").asString()).isEqualTo("micrometer");
        assertThat(found.path("classes").path(1).path("voxels").asInt()).isEqualTo(702);
        assertThat(found.path("classes").path(1).path("volume").asDouble()).isEqualTo(351);
        assertThat(found.path("objects")).hasSize(5);
        int voxels = 0;
        for (JsonNode object : found.path("objects")) {
            voxels += object.path("voxels").asInt();
            assertThat(object.path("volume").asDouble())
                    .isEqualTo(object.path("voxels").asInt() * 0.5);
        }
        assertThat(voxels).isEqualTo(702 + 513);
        float[] ids = values(post("plain", "?format=npy&content=objects", "imagej.tif"), 1);
        int ofFirst = 0;
        for (float id : ids) {
            ofFirst += id == 1 ? 1 : 0;
        }
        assertThat(ofFirst)
                .isEqualTo(found.path("objects").path(0).path("voxels").asInt());
    }

    /** The place of an object is that of the file, whichever way the model's axes run. */
    @Test
    void placesAreThoseOfTheFile() {
        float[] ids = values(post("ras", "?format=npy&content=objects", "turned.nii.gz"), 1);
        JsonNode first = post("ras", "", "turned.nii.gz")
                .json()
                .path("volumes")
                .path(0)
                .path("objects")
                .path(0);
        double[] sums = new double[3];
        int count = 0;
        int left = Integer.MAX_VALUE;
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] == 1) {
                sums[0] += i % 13 + 0.5;
                sums[1] += i / 13 % 9 + 0.5;
                int plane = i / 117;
                sums[2] += plane + 0.5;
                left = Math.min(left, i % 13);
                count++;
            }
        }
        assertThat(first.path("voxels").asInt()).isEqualTo(count);
        assertThat(first.path("box").path("x").asInt()).isEqualTo(left);
        assertThat(first.path("centroid").path("x").asDouble()).isEqualTo(sums[0] / count, within(0.01));
        assertThat(first.path("centroid").path("y").asDouble()).isEqualTo(sums[1] / count, within(0.01));
        assertThat(first.path("centroid").path("z").asDouble()).isEqualTo(sums[2] / count, within(0.01));
    }

    @Test
    void labelsThatOverlapHaveAComponentEach() {
        float[] labels = values(post("overlapping", "?format=npy", "plain.npy"), 2);
        float[] logits = EXPECTED.floats("logits");
        int voxels = labels.length / 2;
        int different = 0;
        for (int i = 0; i < labels.length; i++) {
            int label = 1 + i / voxels;
            int expected = logits[voxels + i] > 0 ? label : 0;
            different += labels[i] == expected ? 0 : 1;
        }
        // The mean of sigmoids is not the sigmoid of the mean: steps come after blending, as postprocessing does.
        assertThat(different).isZero();
    }

    @Test
    void aPictureShowsTheProjection() throws IOException {
        for (String render : new String[] {"overlay", "labels", "objects"}) {
            Answer picture = client.send(client.request("v1/models/plain/segment?render=" + render)
                    .header("Content-Type", "application/octet-stream")
                    .header("Accept", "image/png")
                    .POST(BodyPublishers.ofByteArray(ModelsFolder.bytes("/volumes/imagej.tif"))));
            var read = ImageIO.read(new ByteArrayInputStream(picture.response().body()));
            assertThat(read.getWidth()).isEqualTo(13);
            assertThat(read.getHeight()).isEqualTo(9);
        }
    }

    @Test
    void whatDoesNotFitIsRefusedInWords() {
        assertThat(post("tiny", "", "turned.nii.gz").text())
                .contains("IMAGE_TOO_LARGE", "resampled to the model's distance of voxels [0.001, 0.001, 0.001]");
        assertThat(post("finer", "", "plain.npy").text()).contains("does not say how it is oriented");
        assertThat(post("tiny", "", "plain.npy").text()).contains("does not say the distance of its voxels");
        assertThat(post("ras", "", "imagej.tif").text()).contains("does not say how it is oriented");
        assertThat(post("plain", "?content=logits", "imagej.tif").text()).contains("INVALID_REQUEST", "format=tiff");
        assertThat(post("plain", "?format=bmp", "imagej.tif").status()).isEqualTo(400);
        assertThat(post("plain", "", "times.nii").text()).contains("one point of time");
        assertThat(post("wrong", "", "plain.npy").text())
                .contains("MODEL_UNAVAILABLE", "its outputs for in.npy differ from out.npy");
    }

    @Test
    void theLayersAreVerifiedOnAVolume() {
        Answer answer = client.send(client.request("v1/models/plain/verify")
                .header("Content-Type", "application/octet-stream")
                .POST(BodyPublishers.ofByteArray(ModelsFolder.bytes("/volumes/imagej.tif"))));
        assertThat(answer.json().path("verdict").asString()).as(answer.text()).isEqualTo("PASS");
    }
}
