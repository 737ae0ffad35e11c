package dev.gnserve.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.gnserve.image.ImageDecoder;
import dev.gnserve.image.ImageLimits;
import dev.gnserve.image.LabelMap;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Masks, areas and shapes are those of pycocotools and scikit-image: src/test/resources/exchange/make.py. */
class ConversionTest {

    private static final JsonMapper JSON = JsonMapper.shared();

    @TempDir
    private Path results;

    @TempDir
    private Path to;

    private JsonNode expected = JSON.nullNode();

    @BeforeEach
    void copyTheResult() throws IOException {
        Files.createDirectories(results.resolve("plate"));
        Files.write(results.resolve("plate/cells.png.json"), resource("cells.json"));
        Files.writeString(results.resolve("plate/broken.png.problem.json"), "{}");
        expected = JSON.readTree(resource("expected.json"));
    }

    @Test
    void cocoHasTheMasksAndTheirAreas() throws IOException {
        assertThat(convert(Format.COCO).failed()).isEmpty();

        JsonNode dataset = read("dataset.json");
        assertThat(dataset.path("images").path(0).path("file_name").asString()).isEqualTo("plate/cells.png");
        assertThat(dataset.path("categories").toString())
                .contains("\"a\"")
                .contains("\"b\"")
                .contains("2");
        JsonNode found = read("results.json");
        assertThat(found).hasSize(4);
        for (int i = 0; i < 4; i++) {
            JsonNode annotation = dataset.path("annotations").path(i);
            assertThat(annotation.path("area").asInt())
                    .isEqualTo(expected.path(i).path("area").asInt());
            assertThat(annotation.path("category_id").asInt()).isEqualTo(i == 1 ? 2 : 1);
            assertThat(found.path(i).path("segmentation")).isEqualTo(annotation.path("segmentation"));
            assertThat(found.path(i).has("bbox"))
                    .as("pycocotools' loadRes takes the area of a bbox before that of a segmentation")
                    .isFalse();
            assertThat(annotation.path("bbox")).hasSize(4);
            assertThat(found.path(i).path("score").asDouble()).isEqualTo(0.9 - i / 10.0, within(1e-9));
        }
    }

    @Test
    void geoJsonHasPartsAndHolesOfTheSameArea() throws IOException {
        assertThat(convert(Format.GEOJSON).failed()).isEmpty();

        JsonNode features = read("plate/cells.png.geojson").path("features");
        assertThat(features).hasSize(4);
        for (int i = 0; i < 4; i++) {
            JsonNode geometry = features.path(i).path("geometry");
            boolean several = geometry.path("type").asString().equals("MultiPolygon");
            List<JsonNode> polygons = new ArrayList<>();
            if (several) {
                geometry.path("coordinates").forEach(polygons::add);
            } else {
                polygons.add(geometry.path("coordinates"));
            }
            assertThat(polygons).hasSize(expected.path(i).path("parts").asInt());
            assertThat(polygons.stream().mapToInt(polygon -> polygon.size() - 1).sum())
                    .isEqualTo(expected.path(i).path("holes").asInt());
            double area = 0;
            for (JsonNode polygon : polygons) {
                for (JsonNode ring : polygon) {
                    assertThat(ring.path(0)).isEqualTo(ring.path(ring.size() - 1));
                    area += area(ring);
                }
            }
            assertThat(area).isEqualTo(expected.path(i).path("area").asDouble());
        }
    }

    /** Holes run the other way round, so their areas are negative. */
    private static double area(JsonNode ring) {
        double area = 0;
        for (int i = 0; i + 1 < ring.size(); i++) {
            JsonNode one = ring.path(i);
            JsonNode next = ring.path(i + 1);
            area += one.path(0).asDouble() * next.path(1).asDouble()
                    - next.path(0).asDouble() * one.path(1).asDouble();
        }
        return area / 2;
    }

    @Test
    void theTableMeasuresAsScikitImageDoes() throws IOException {
        assertThat(convert(Format.CSV).failed()).isEmpty();

        List<String> lines = Files.readAllLines(to.resolve("objects.csv"));
        assertThat(lines).hasSize(5);
        for (int i = 0; i < 4; i++) {
            String[] cells = lines.get(i + 1).split(",", -1);
            JsonNode known = expected.path(i);
            assertThat(cells[0]).isEqualTo("plate/cells.png");
            assertThat(Double.parseDouble(cells[8]))
                    .isEqualTo(known.path("area").asDouble());
            assertThat(Double.parseDouble(cells[9]))
                    .isEqualTo(known.path("centroid").path(0).asDouble(), within(1e-4));
            assertThat(Double.parseDouble(cells[10]))
                    .isEqualTo(known.path("centroid").path(1).asDouble(), within(1e-4));
            assertThat(Double.parseDouble(cells[11]))
                    .isEqualTo(known.path("diameter").asDouble(), within(1e-4));
            assertThat(Double.parseDouble(cells[12]))
                    .isEqualTo(known.path("eccentricity").asDouble(), within(1e-4));
        }
    }

    @Test
    void intensitiesOfNumbersAreThoseNumbers() {
        ByteBuffer file = ByteBuffer.allocate(128 + 16).order(ByteOrder.LITTLE_ENDIAN);
        file.put((byte) 0x93).put("NUMPY".getBytes(StandardCharsets.US_ASCII)).put(new byte[] {1, 0, 118, 0});
        file.put("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }".getBytes(StandardCharsets.US_ASCII));
        while (file.position() < 127) {
            file.put((byte) ' ');
        }
        file.put((byte) '\n').putFloat(-1.5f).putFloat(9).putFloat(0.25f).putFloat(9);
        ObjectPixels left = new ObjectPixels(new LabelMap.Region(0, 0, 1, 2), new byte[] {1, 1}, 2, 0.5, 1, 0, 0);

        assertThat(Intensities.means(new ImageDecoder(ImageLimits.WIDEST).decode(file.array()), left))
                .containsExactly(-0.625);
    }

    @Test
    void theTableHasMeanIntensitiesOfThePictures() throws IOException {
        Path images = Files.createDirectories(to.resolve("images"));
        Files.createDirectories(images.resolve("plate"));
        Files.write(images.resolve("plate/cells.png"), resource("cells.png"));
        Files.write(results.resolve("missing.png.json"), resource("cells.json"));

        Conversion.Summary summary = new Conversion(results, to, Format.CSV, List.of(), images).run();

        assertThat(summary.failed()).containsOnlyKeys("missing.png");
        assertThat(summary.failed().get("missing.png")).contains("its image is not in " + images);
        List<String> lines = Files.readAllLines(to.resolve("objects.csv"));
        assertThat(lines).hasSize(5);
        assertThat(lines.get(0)).endsWith(",eccentricity,intensity_mean-0,intensity_mean-1,intensity_mean-2");
        for (int i = 0; i < 4; i++) {
            String[] cells = lines.get(i + 1).split(",", -1);
            assertThat(cells).hasSize(16);
            for (int channel = 0; channel < 3; channel++) {
                assertThat(Double.parseDouble(cells[13 + channel]))
                        .isEqualTo(
                                expected.path(i)
                                        .path("intensities")
                                        .path(channel)
                                        .asDouble(),
                                within(1e-4));
            }
        }
    }

    @Test
    void labelPicturesHaveTheNumberOfTheObjectAtItsPixels() throws IOException {
        assertThat(convert(Format.LABELS).failed()).isEmpty();

        var picture = ImageIO.read(to.resolve("plate/cells.png.png").toFile()).getRaster();
        int[] counts = new int[5];
        for (int y = 0; y < picture.getHeight(); y++) {
            for (int x = 0; x < picture.getWidth(); x++) {
                counts[picture.getSample(x, y, 0)]++;
            }
        }
        for (int i = 0; i < 4; i++) {
            assertThat(counts[i + 1]).isEqualTo(expected.path(i).path("area").asInt());
        }
        assertThat(picture.getSample(0, 59, 0)).isEqualTo(4);
    }

    @Test
    void yoloHasClassesAndBoxesAsFractions() throws IOException {
        assertThat(convert(Format.YOLO).failed()).isEmpty();

        List<String> lines = Files.readAllLines(to.resolve("plate/cells.txt"));
        assertThat(lines.get(1)).isEqualTo("1 0.781250 0.750000 0.312500 0.333333");
        assertThat(Files.readAllLines(to.resolve("classes.txt"))).containsExactly("a", "b");
    }

    @Test
    void whatIsNoResultOfObjectsIsNamed() throws IOException {
        Files.writeString(results.resolve("labels.png.json"), "{\"images\": [{\"labels\": []}]}");
        Files.writeString(results.resolve("torn.png.json"), "{\"images\": [");

        Conversion.Summary summary = convert(Format.CSV);

        assertThat(summary.images()).isEqualTo(1);
        assertThat(summary.failed().get("labels.png")).contains("neither objects nor detections");
        assertThat(summary.failed()).containsKey("torn.png");
    }

    @Test
    void aLabelThatIsNotAmongTheNamedOnesIsRefused() throws IOException {
        Conversion.Summary summary = new Conversion(results, to, Format.YOLO, List.of("a"), null).run();

        assertThat(summary.failed().get("plate/cells.png")).contains("\"b\" is not among [a]");
    }

    /** Such as panoptic results: an object may have a label that only a later document has. */
    @Test
    void labelsAreThoseOfAllDocuments() throws IOException {
        String listed = new String(resource("cells.json"), StandardCharsets.UTF_8);
        Files.writeString(results.resolve("y.png.json"), listed.replace("\"b\"", "\"another\""));
        String object = "\"label\": \"b\",\n     \"score\"";
        assertThat(listed).contains(object);
        Files.writeString(
                results.resolve("z.png.json"), listed.replace(object, object.replace("\"b\"", "\"untyped\"")));

        Conversion.Summary summary = convert(Format.YOLO);

        assertThat(summary.failed()).isEmpty();
        assertThat(Files.readAllLines(to.resolve("classes.txt"))).containsExactly("a", "b", "another", "untyped");
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void aNameWithABackslashIsOneName() throws IOException {
        Files.write(results.resolve("a\\b.png.json"), resource("cells.json"));

        assertThat(convert(Format.CSV).failed()).isEmpty();
        assertThat(Files.readString(to.resolve("objects.csv"))).contains("\r\na\\b.png,1,");
    }

    @Test
    void yoloGivesNoTwoImagesTheSameFile() throws IOException {
        Files.createDirectories(results.resolve("v1.0"));
        for (String image : List.of("a.jpg", "a.png", "classes.png", "IM1", "v1.0/IM1", "v1.0/IM2", "v1.0/b.c.png")) {
            Files.write(results.resolve(image + ".json"), resource("cells.json"));
        }

        Conversion.Summary summary = convert(Format.YOLO);

        assertThat(summary.images()).isEqualTo(6);
        assertThat(summary.failed()).containsOnlyKeys("a.png", "classes.png");
        assertThat(summary.failed().get("a.png")).contains("would be a.txt, which is that of a.jpg");
        assertThat(summary.failed().get("classes.png")).contains("would be classes.txt", "the list of classes");
        for (String file : List.of("a", "IM1", "v1.0/IM1", "v1.0/IM2", "v1.0/b.c", "plate/cells")) {
            assertThat(to.resolve(file + ".txt")).isRegularFile();
        }
        assertThat(Files.readAllLines(to.resolve("classes.txt"))).containsExactly("a", "b");
    }

    @Test
    void cocoKeepsNothingOfAnImageThatFails() throws IOException {
        String known = new String(resource("cells.json"), StandardCharsets.UTF_8).replace("\"b\"", "\"a\"");
        Files.writeString(results.resolve("z.png.json"), known);

        Conversion.Summary summary = new Conversion(results, to, Format.COCO, List.of("a"), null).run();

        assertThat(summary.failed()).containsOnlyKeys("plate/cells.png");
        JsonNode dataset = read("dataset.json");
        assertThat(dataset.path("images")
                        .valueStream()
                        .map(image -> image.path("file_name").asString()))
                .containsExactly("z.png");
        assertThat(dataset.path("annotations")
                        .valueStream()
                        .map(each -> each.path("id").asInt()))
                .containsExactly(1, 2, 3, 4);
        assertThat(dataset.path("annotations")
                        .valueStream()
                        .map(each -> each.path("image_id").asInt()))
                .containsOnly(1);
        assertThat(read("results.json")).hasSize(4);
    }

    private Conversion.Summary convert(Format format) throws IOException {
        return new Conversion(results, to, format, List.of(), null).run();
    }

    private JsonNode read(String name) throws IOException {
        return JSON.readTree(Files.readAllBytes(to.resolve(name)));
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(ConversionTest.class.getResourceAsStream("/exchange/" + name))) {
            return in.readAllBytes();
        }
    }
}
