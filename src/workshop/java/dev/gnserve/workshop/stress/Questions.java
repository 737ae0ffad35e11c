package dev.gnserve.workshop.stress;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** What is asked: images of several sizes and kinds, tensors, and what must be refused. */
final class Questions {

    static final String NUCLEI = "nuclei-unet-gn";
    static final String CELLS = "bloodcell-fcos-gn";

    private static final List<String> NUCLEI_IMAGES = List.of(
            "nuclei/fluorescence-256.png",
            "nuclei/fluorescence-696x520.png",
            "nuclei/fluorescence-d5295810.png",
            "nuclei/histology-violet.png");
    private static final List<String> CELL_IMAGES =
            List.of("bloodcells/BloodImage_00271.jpg", "bloodcells/BloodImage_00293.jpg");

    private Questions() {}

    /**
     * All of them.
     *
     * @param replaced name of a model of nuclei that is loaded again and again while it serves
     * @param unloaded name of a model of nuclei that comes and goes
     */
    static List<Question> all(String replaced, String unloaded) throws IOException {
        List<Question> all = new ArrayList<>();
        for (String image : NUCLEI_IMAGES) {
            all.add(image("segment", NUCLEI, "segment", image, false));
        }
        for (String image : CELL_IMAGES) {
            all.add(image("detect", CELLS, "detect", image, false));
        }
        String smallest = NUCLEI_IMAGES.get(0);
        byte[] png = resource(smallest);
        all.add(image("picture", NUCLEI, "segment?render=labels", smallest, false, Map.of("Accept", "image/png")));
        all.add(image("reloaded model", replaced, "segment", smallest, false));
        all.add(image("model that comes and goes", unloaded, "segment", smallest, true));
        all.add(image("deadline", NUCLEI, "segment", smallest, false, Map.of("X-Timeout-Millis", "300")));
        all.add(tensors(64, 64));
        all.add(tensors(128, 96));
        all.add(refused("not an image", NUCLEI + "/segment", "no image".getBytes(StandardCharsets.US_ASCII)));
        all.add(refused("empty", NUCLEI + "/segment", new byte[0]));
        all.add(refused("truncated", NUCLEI + "/segment", Arrays.copyOf(png, png.length / 2)));
        all.add(refused(
                "4 gigapixels",
                NUCLEI + "/segment",
                "GIF89a\377\377\377\377\0\0\0".getBytes(StandardCharsets.ISO_8859_1)));
        all.add(refused("unknown model", "nobody/segment", png));
        all.add(refused("other task", CELLS + "/segment", png));
        all.add(new Question(
                "no tensors",
                "/v2/models/" + NUCLEI + "/infer",
                Map.of("Content-Type", "application/json"),
                "{\"inputs\":[{\"name\":\"input\",\"shape\":[1,3,16,16],\"datatype\":\"FP32\",\"data\":[1,NaN]}]}"
                        .getBytes(StandardCharsets.US_ASCII),
                false));
        return all;
    }

    /** One image of 256 x 256, half of the time with a deadline, as clients that wait for an answer send it. */
    static List<Question> oneImage() throws IOException {
        String smallest = NUCLEI_IMAGES.get(0);
        return List.of(
                image("segment", NUCLEI, "segment", smallest, false),
                image("segment", NUCLEI, "segment", smallest, false, Map.of("X-Timeout-Millis", "2000")));
    }

    static byte[] resource(String sample) throws IOException {
        try (InputStream in = Questions.class.getResourceAsStream("/samples/" + sample)) {
            if (in == null) {
                throw new FileNotFoundException("no /samples/" + sample + " on the class path");
            }
            return in.readAllBytes();
        }
    }

    private static Question image(String name, String model, String verb, String sample, boolean mayBeUnloaded)
            throws IOException {
        return image(name, model, verb, sample, mayBeUnloaded, Map.of());
    }

    private static Question image(
            String name, String model, String verb, String sample, boolean mayBeUnloaded, Map<String, String> headers)
            throws IOException {
        Map<String, String> all = new HashMap<>(headers);
        all.put("Content-Type", sample.endsWith("png") ? "image/png" : "image/jpeg");
        return new Question(name, "/v1/models/" + model + "/" + verb, all, resource(sample), mayBeUnloaded);
    }

    private static Question refused(String name, String modelAndVerb, byte[] body) {
        return new Question(name, "/v1/models/" + modelAndVerb, Map.of("Content-Type", "image/png"), body, false);
    }

    /** Binary in, JSON out. */
    private static Question tensors(int height, int width) {
        ByteBuffer values = ByteBuffer.allocate(4 * 3 * height * width).order(ByteOrder.LITTLE_ENDIAN);
        Random random = new Random(height);
        while (values.hasRemaining()) {
            values.putFloat(random.nextFloat());
        }
        byte[] head = """
                {"inputs":[{"name":"input","shape":[1,3,%d,%d],"datatype":"FP32","parameters":{"binary_data_size":%d}}]}""".formatted(height, width, values.capacity()).getBytes(StandardCharsets.US_ASCII);
        byte[] body = Arrays.copyOf(head, head.length + values.capacity());
        System.arraycopy(values.array(), 0, body, head.length, values.capacity());
        return new Question(
                "tensors",
                "/v2/models/" + NUCLEI + "/infer",
                Map.of("Inference-Header-Content-Length", Integer.toString(head.length)),
                body,
                false);
    }
}
