package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.gnserve.ServiceClient.Answer;
import dev.gnserve.model.ModelRepository;
import dev.gnserve.numpy.Npz;
import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import tools.jackson.databind.JsonNode;

/** Images in, a number for each pixel out. Expected values are those of PyTorch and transformers (regression/make.py). */
@SpringBootTest(classes = GnserveApplication.class, webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
class RegressionIT {

    private static final Path FOLDER = Path.of("src/test/resources/regression");
    private static final int WIDTH = 70;
    private static final int HEIGHT = 45;

    private static final String DEPTH = """
            task: regression
            labels: [depth]
            input: {resize: {mode: stretch, width: 48, height: 32}}
            output: {units: [m], interpolation: bicubic%s}
            """;

    @TempDir
    private static Path models;

    @LocalServerPort
    private int port;

    @Autowired
    private ModelRepository repository;

    private ServiceClient client;
    private byte[] picture;
    private float[] expected;

    @DynamicPropertySource
    static void models(DynamicPropertyRegistry properties) throws IOException {
        ModelsFolder folder = new ModelsFolder(models);
        folder.put("depth", "/regression/depth-scripted.pt", DEPTH.formatted(""));
        folder.put("shown", "/regression/depth-scripted.pt", DEPTH.formatted(", shown: [3, 5]"));
        String golden = "golden: {image: a.png, expected: a.json, tolerance: 0.001}\n";
        for (String name : new String[] {"sure", "mirrored"}) {
            folder.put(name, "/regression/depth-scripted.pt", DEPTH.formatted("") + golden);
            Files.copy(FOLDER.resolve("picture.png"), models.resolve(name).resolve("a.png"));
            Files.writeString(models.resolve(name).resolve("a.json"), golden(name.equals("mirrored")));
        }
        folder.put(
                "normals",
                "/regression/normals-scripted.pt",
                "task: regression\nlabels: [x, y, z]\noutput: {name: normals}\ninput: {tile: {size: 32, overlap: 8}}");
        folder.put("unnamed", "/regression/normals-scripted.pt", "task: regression\nlabels: [x, y, z]");
        folder.put("other", "/models/coarse-scripted.pt", "task: regression\nlabels: [depth]");
        folder.serveAlone(properties);
    }

    private static float[] expected() throws IOException {
        return Npz.read(Files.readAllBytes(FOLDER.resolve("depth.npz"))).floats("expected");
    }

    /** The expected values as the service answers them, made here. */
    private static String golden(boolean mirrored) throws IOException {
        float[] values = expected();
        float least = Float.POSITIVE_INFINITY;
        float most = 0;
        for (float value : values) {
            least = Math.min(least, value);
            most = Math.max(most, value);
        }
        BufferedImage image = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_USHORT_GRAY);
        for (int i = 0; i < values.length; i++) {
            int x = mirrored ? WIDTH - 1 - i % WIDTH : i % WIDTH;
            image.getRaster().setSample(x, i / WIDTH, 0, Math.round((values[i] - least) / (most - least) * 65535));
        }
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        ImageIO.write(image, "png", png);
        return """
                {"images":[{"width":70,"height":45,"maps":[{"label":"depth","minimum":%s,"maximum":%s,
                 "values":{"encoding":"png16","data":"%s","scale":%s,"offset":%s}}]}]}""".formatted(
                least, most, Base64.getEncoder().encodeToString(png.toByteArray()), (most - least) / 65535.0, least);
    }

    @BeforeEach
    void waitForModels() throws IOException {
        repository.loaded().join();
        client = new ServiceClient(port);
        picture = Files.readAllBytes(FOLDER.resolve("picture.png"));
        expected = expected();
    }

    private Answer as(String type, String path) {
        return client.send(client.request(path)
                .header("Content-Type", "image/png")
                .header("Accept", type)
                .POST(BodyPublishers.ofByteArray(picture)));
    }

    @Test
    void theStatisticsAndTheSixteenBitPictureAreThoseOfTheReference() throws IOException {
        JsonNode image = client.post("v1/models/depth/estimate", picture)
                .json()
                .path("images")
                .path(0);
        JsonNode map = image.path("maps").path(0);

        assertThat(image.path("width").asInt()).isEqualTo(WIDTH);
        assertThat(map.path("label").asString()).isEqualTo("depth");
        assertThat(map.path("unit").asString()).isEqualTo("m");
        assertThat(map.path("minimum").asDouble()).isCloseTo(least(), within(1e-4));
        assertThat(map.path("maximum").asDouble()).isCloseTo(most(), within(1e-4));
        assertThat(map.path("mean").asDouble()).isCloseTo(mean(), within(1e-4));
        assertThat(map.path("standardDeviation").asDouble()).isCloseTo(deviation(), within(1e-4));
        JsonNode values = map.path("values");
        assertThat(values.path("encoding").asString()).isEqualTo("png16");
        Raster samples = png(Base64.getDecoder().decode(values.path("data").asString()));
        double scale = values.path("scale").asDouble();
        for (int i = 0; i < expected.length; i++) {
            int sample = samples.getSample(i % WIDTH, i / WIDTH, 0);
            assertThat(values.path("offset").asDouble() + sample * scale).isCloseTo(expected[i], within(1e-4 + scale));
        }
    }

    @Test
    void filesKeepEveryBit() throws IOException {
        Answer npy = as("application/x-npy", "v1/models/depth/estimate");
        assertThat(npy.contentType()).isEqualTo("application/x-npy");
        float[] array = npy(npy.response().body());
        assertThat(array).containsExactly(expected, within(1e-4f));
        Answer tiff = as("image/tiff", "v1/models/depth/estimate");
        assertThat(tiff.contentType()).isEqualTo("image/tiff");
        Raster read =
                ImageIO.read(new ByteArrayInputStream(tiff.response().body())).getData();
        for (int i = 0; i < array.length; i++) {
            assertThat(read.getSampleFloat(i % WIDTH, i / WIDTH, 0)).isEqualTo(array[i]);
        }
        JsonNode json = as("application/json", "v1/models/depth/estimate?values=npy")
                .json()
                .at("/images/0/maps/0/values");
        assertThat(npy(Base64.getDecoder().decode(json.path("data").asString())))
                .isEqualTo(array);
        assertThat(json.has("scale")).isFalse();
        assertThat(as("application/json", "v1/models/depth/estimate?values=none")
                        .json()
                        .at("/images/0/maps/0")
                        .has("values"))
                .isFalse();
    }

    @Test
    void picturesShowTheValuesThatTheManifestSays() throws IOException {
        Answer values = as("image/png", "v1/models/shown/estimate?render=values");
        Raster samples = png(values.response().body());
        for (int i = 0; i < expected.length; i++) {
            double wanted = Math.max(0, Math.min(65535, (expected[i] - 3) / 2 * 65535.0));
            assertThat((double) samples.getSample(i % WIDTH, i / WIDTH, 0)).isCloseTo(wanted, within(5.0));
        }
        BufferedImage overlay = ImageIO.read(new ByteArrayInputStream(
                as("image/png", "v1/models/shown/estimate").response().body()));
        assertThat(overlay.getWidth()).isEqualTo(WIDTH);
        assertThat(overlay.getRaster().getNumBands()).isEqualTo(3);
    }

    /** Values of tiles are blended; those of this network do not depend on the tile. */
    @Test
    void severalMapsComeFromTheOutputThatTheManifestNames() throws IOException {
        JsonNode maps = client.post("v1/models/normals/estimate?values=npy", picture)
                .json()
                .at("/images/0/maps");
        BufferedImage image = ImageIO.read(new ByteArrayInputStream(picture));

        assertThat(maps).hasSize(3);
        for (int map = 0; map < 3; map++) {
            assertThat(maps.path(map).path("label").asString()).isEqualTo(new String[] {"x", "y", "z"}[map]);
            float[] values = npy(
                    Base64.getDecoder().decode(maps.path(map).at("/values/data").asString()));
            for (int i = 0; i < values.length; i++) {
                int sample = image.getRaster().getSample(i % WIDTH, i / WIDTH, map);
                assertThat(values[i]).isCloseTo(sample / 127.5f - 1, within(1e-5f));
            }
        }
        float[] second = npy(as("application/x-npy", "v1/models/normals/estimate?label=y")
                .response()
                .body());
        assertThat(second)
                .isEqualTo(npy(Base64.getDecoder()
                        .decode(maps.path(1).at("/values/data").asString())));
    }

    @Test
    void whatDoesNotFitIsRefused() {
        assertThat(client.post("v1/models/depth/segment", picture).text()).contains("WRONG_TASK", "depth/estimate");
        assertThat(client.post("v1/models/normals/estimate?label=w", picture).text())
                .contains("INVALID_REQUEST", "'label' is w", "[x, y, z]");
        assertThat(client.post("v1/models/depth/estimate?values=jpeg", picture).status())
                .isEqualTo(400);
        assertThat(client.post("v1/models/unnamed/estimate", picture).text())
                .contains("MODEL_UNAVAILABLE", "several outputs", "Choose the one with the values");
        assertThat(client.post("v1/models/other/estimate", picture).text())
                .contains("MODEL_UNAVAILABLE", "[1, height, width], a map for each of [depth]");
        Map<String, byte[]> two = new TreeMap<>(Map.of("a.png", picture, "b.png", picture));
        assertThat(client.send(client.parts("v1/models/depth/estimate", two).header("Accept", "image/tiff"))
                        .text())
                .contains("A response of type image/tiff shows one image, and the request has 2");
    }

    @Test
    void aKnownMapGuardsTheModel() {
        assertThat(client.post("v1/models/sure/estimate", picture).status()).isEqualTo(200);
        assertThat(client.post("v1/models/mirrored/estimate", picture).text())
                .contains("MODEL_UNAVAILABLE", "expected values of depth of a range of");
    }

    @Test
    void theLayersAreVerifiedOnAnImage() {
        assertThat(client.post("v1/models/depth/verify", picture)
                        .json()
                        .path("verdict")
                        .asString())
                .isEqualTo("PASS");
    }

    private static Raster png(byte[] png) throws IOException {
        Raster read = ImageIO.read(new ByteArrayInputStream(png)).getRaster();
        assertThat(read.getNumBands()).isEqualTo(1);
        assertThat(read.getSampleModel().getSampleSize(0)).isEqualTo(16);
        return read;
    }

    private static float[] npy(byte[] npy) throws IOException {
        ByteArrayOutputStream npz = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(npz)) {
            zip.putNextEntry(new ZipEntry("a.npy"));
            zip.write(npy);
        }
        Npz read = Npz.read(npz.toByteArray());
        assertThat(read.shape("a").toString()).isEqualTo("[%d, %d]".formatted(HEIGHT, WIDTH));
        int header = ByteBuffer.wrap(npy).order(ByteOrder.LITTLE_ENDIAN).getShort(8);
        assertThat((header + 10) % 64).isZero();
        return read.floats("a");
    }

    private double least() {
        double least = Double.POSITIVE_INFINITY;
        for (float value : expected) {
            least = Math.min(least, value);
        }
        return least;
    }

    private double most() {
        double most = Double.NEGATIVE_INFINITY;
        for (float value : expected) {
            most = Math.max(most, value);
        }
        return most;
    }

    private double mean() {
        double sum = 0;
        for (float value : expected) {
            sum += value;
        }
        return sum / expected.length;
    }

    private double deviation() {
        double squares = 0;
        for (float value : expected) {
            squares += Math.pow(value - mean(), 2);
        }
        return Math.sqrt(squares / expected.length);
    }
}
