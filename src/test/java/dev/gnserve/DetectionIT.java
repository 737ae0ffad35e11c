package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.model.ModelRepository;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Detection as a client sees it, on real images that the embedded model was not trained on. */
@RunningService
class DetectionIT {

    private static final Path SAMPLES = Path.of("src/test/resources/samples/bloodcells");
    private static final String DETECT = "v1/models/bloodcell-fcos-gn/detect";

    @LocalServerPort
    int port;

    @Autowired
    ModelRepository models;

    private ServiceClient client;

    /** Corners, so that nothing here shares code with what is tested. */
    private record Cell(String label, double left, double top, double right, double bottom) {

        double iou(Cell other) {
            double width = Math.min(right, other.right) - Math.max(left, other.left);
            double height = Math.min(bottom, other.bottom) - Math.max(top, other.top);
            double common = Math.max(0, width) * Math.max(0, height);
            return common / (area() + other.area() - common);
        }

        private double area() {
            return (right - left) * (bottom - top);
        }
    }

    @BeforeAll
    void waitForModels() {
        models.loaded().join();
        client = new ServiceClient(port);
    }

    @Test
    void findsTheCellsOfImagesItHasNotSeen() throws IOException {
        Map<String, byte[]> images = images();
        JsonNode answers = client.postParts(DETECT, images).json().path("images");
        int found = 0;
        int told = 0;
        int whole = 0;
        int white = 0;
        for (JsonNode image : answers) {
            List<Cell> cells = cells(image);
            List<Cell> truth = truth(image.path("name").asString());
            told += cells.size();
            whole += truth.size();
            for (Cell cell : truth) {
                boolean hit =
                        cells.stream().anyMatch(other -> other.label().equals(cell.label()) && other.iou(cell) > 0.5);
                found += hit ? 1 : 0;
                white += hit && cell.label().equals("WBC") ? 1 : 0;
            }
        }
        assertThat(answers.size()).isEqualTo(5);
        assertThat(white).as("white cells, one in each image").isEqualTo(5);
        assertThat(found / (double) whole).as("cells found").isGreaterThan(0.9);
        assertThat(found / (double) told).as("boxes that show a cell").isGreaterThan(0.85);
    }

    @Test
    void cellsOfAnImageOfSeveralTilesAreFoundOnce() throws IOException {
        List<Map.Entry<String, byte[]>> images = List.copyOf(images().entrySet());
        BufferedImage mosaic = new BufferedImage(1920, 960, BufferedImage.TYPE_INT_RGB);
        List<Cell> truth = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            Map.Entry<String, byte[]> image = images.get(i % images.size());
            int x = i % 3 * 640;
            int y = i / 3 * 480;
            mosaic.getGraphics().drawImage(ImageIO.read(new ByteArrayInputStream(image.getValue())), x, y, null);
            for (Cell cell : truth(image.getKey())) {
                truth.add(new Cell(cell.label(), cell.left() + x, cell.top() + y, cell.right() + x, cell.bottom() + y));
            }
        }
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        ImageIO.write(mosaic, "png", png);

        JsonNode image =
                client.post(DETECT, png.toByteArray()).json().path("images").path(0);

        assertThat(image.path("timing").path("tiles").asInt()).isGreaterThan(1);
        List<Cell> white =
                cells(image).stream().filter(cell -> cell.label().equals("WBC")).toList();
        List<Cell> trueWhite =
                truth.stream().filter(cell -> cell.label().equals("WBC")).toList();
        assertThat(white).hasSameSizeAs(trueWhite);
        for (Cell cell : trueWhite) {
            assertThat(white.stream().filter(other -> other.iou(cell) > 0.5)).hasSize(1);
        }
        long found = truth.stream()
                .filter(cell -> cells(image).stream()
                        .anyMatch(other -> other.label().equals(cell.label()) && other.iou(cell) > 0.5))
                .count();
        // Seams join cells of two photographs, so fewer than in single ones.
        assertThat(found / (double) truth.size()).isGreaterThan(0.8);
        assertThat(found / (double) cells(image).size()).isGreaterThan(0.8);
    }

    @Test
    void boxesLieInTheImageAndComeBestFirst() throws IOException {
        JsonNode image = client.postParts(DETECT + "?threshold=0.05", images())
                .json()
                .path("images")
                .path(0);
        double last = 1;
        for (JsonNode detection : image.path("detections")) {
            JsonNode box = detection.path("box");
            assertThat(box.path("x").asDouble()).isBetween(0.0, 640.0);
            assertThat(box.path("y").asDouble()).isBetween(0.0, 480.0);
            assertThat(box.path("x").asDouble() + box.path("width").asDouble()).isLessThanOrEqualTo(640.001);
            assertThat(box.path("y").asDouble() + box.path("height").asDouble()).isLessThanOrEqualTo(480.001);
            assertThat(detection.path("score").asDouble()).isBetween(0.05, last);
            last = detection.path("score").asDouble();
        }
        assertThat(image.path("width").asInt()).isEqualTo(640);
        assertThat(image.path("timing").path("tiles").asInt()).isEqualTo(1);
    }

    @Test
    void thresholdAndMaxDetectionsLimitWhatIsTold() throws IOException {
        byte[] sample = images().values().iterator().next();
        assertThat(detections(DETECT + "?maxDetections=3", sample)).hasSize(3);
        assertThat(detections(DETECT + "?threshold=1", sample)).isEmpty();
        assertThat(detections(DETECT + "?threshold=0.7", sample).size())
                .isLessThan(detections(DETECT + "?threshold=0.2", sample).size());
        assertThat(detections(DETECT + "?classes=WBC,Platelets", sample))
                .hasSizeLessThan(detections(DETECT, sample).size())
                .extracting(Cell::label)
                .isSubsetOf("WBC", "Platelets");
        // As clients made from the OpenAPI document send a list.
        assertThat(detections(DETECT + "?classes=WBC&classes=Platelets", sample))
                .hasSameSizeAs(detections(DETECT + "?classes=WBC,Platelets", sample));
        assertThat(detections(DETECT + "?threshold=0.05&iou=0.9", sample).size())
                .isGreaterThan(
                        detections(DETECT + "?threshold=0.05&iou=0.1", sample).size());
        for (String wrong : List.of(
                "iou=1.1",
                "classes=horse",
                "agnostic=7",
                "threshold=1.5",
                "threshold=-0.1",
                "threshold=x",
                "maxDetections=0",
                "maxDetections=x",
                "render=labels")) {
            ServiceClient.Answer answer = client.post(DETECT + "?" + wrong, sample);
            assertThat(answer.status()).as(wrong).isEqualTo(400);
            assertThat(answer.json().path("code").asString()).isEqualTo("INVALID_REQUEST");
            assertThat(answer.json().path("detail").asString()).contains(wrong.substring(0, wrong.indexOf('=')));
        }
    }

    @Test
    void pictureShowsTheBoxes() throws IOException {
        byte[] sample = images().values().iterator().next();
        ServiceClient.Answer answer = client.send(client.request(DETECT)
                .header("Accept", "image/png")
                .header("Content-Type", "image/jpeg")
                .POST(BodyPublishers.ofByteArray(sample)));
        assertThat(answer.contentType()).isEqualTo("image/png");
        BufferedImage picture =
                ImageIO.read(new ByteArrayInputStream(answer.response().body()));
        assertThat(picture.getWidth()).isEqualTo(640);
        assertThat(picture.getHeight()).isEqualTo(480);
        JsonNode first = client.post(DETECT, sample)
                .json()
                .path("images")
                .path(0)
                .path("detections")
                .path(0);
        JsonNode box = first.path("box");
        // Somewhere in the middle of a lower edge, one pixel inside: the colour of a line, not of the image.
        int x = (int) Math.round(box.path("x").asDouble() + box.path("width").asDouble() / 2);
        int y = (int) Math.round(box.path("y").asDouble() + box.path("height").asDouble()) - 1;
        BufferedImage original = ImageIO.read(new ByteArrayInputStream(sample));
        assertThat(picture.getRGB(x, y)).isNotEqualTo(original.getRGB(x, y));
        assertThat(picture.getRGB(x, y)).isEqualTo(picture.getRGB(x + 1, y));
    }

    @Test
    void detectorDoesNotSegment() throws IOException {
        ServiceClient.Answer answer = client.post(
                "v1/models/bloodcell-fcos-gn/segment",
                images().values().iterator().next());
        assertThat(answer.status()).isEqualTo(409);
        assertThat(answer.json().path("detail").asString()).contains("bloodcell-fcos-gn/detect");
    }

    private List<Cell> detections(String path, byte[] image) {
        return cells(client.post(path, image).json().path("images").path(0));
    }

    private static Map<String, byte[]> images() throws IOException {
        Map<String, byte[]> images = new LinkedHashMap<>();
        for (JsonNode name : json("split.json").path("test")) {
            images.put(
                    name.asString(),
                    Files.readAllBytes(SAMPLES.resolve("images").resolve(name.asString())));
        }
        return images;
    }

    private static List<Cell> cells(JsonNode image) {
        List<Cell> cells = new ArrayList<>();
        for (JsonNode detection : image.path("detections")) {
            JsonNode box = detection.path("box");
            double x = box.path("x").asDouble();
            double y = box.path("y").asDouble();
            cells.add(new Cell(
                    detection.path("label").asString(),
                    x,
                    y,
                    x + box.path("width").asDouble(),
                    y + box.path("height").asDouble()));
        }
        return cells;
    }

    private static List<Cell> truth(String file) throws IOException {
        JsonNode coco = json("annotations_relabelled.json");
        int id = -1;
        for (JsonNode image : coco.path("images")) {
            id = image.path("file_name").asString().equals(file)
                    ? image.path("id").asInt()
                    : id;
        }
        List<Cell> cells = new ArrayList<>();
        for (JsonNode annotation : coco.path("annotations")) {
            if (annotation.path("image_id").asInt() == id) {
                JsonNode box = annotation.path("bbox");
                double x = box.get(0).asDouble();
                double y = box.get(1).asDouble();
                String label = List.of("RBC", "WBC", "Platelets")
                        .get(annotation.path("category_id").asInt() - 1);
                cells.add(new Cell(
                        label, x, y, x + box.get(2).asDouble(), y + box.get(3).asDouble()));
            }
        }
        return cells;
    }

    private static JsonNode json(String file) throws IOException {
        return new JsonMapper().readTree(Files.readString(SAMPLES.resolve(file)));
    }
}
