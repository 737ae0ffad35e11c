package dev.gnserve.training;

import dev.gnserve.image.Normalization;
import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A folder of microscopy images with nuclei: {@code images/} (8-bit RGB PNG), {@code masks/} (16-bit gray PNG, 0 background, 1..n nuclei), {@code
 * split.json} (file names by split) and {@code index.csv} (file, split, type, ...).
 */
final class NucleiData {

    private final Path folder;
    private final JsonNode splits;
    private final Map<String, String> typeOfFile;

    private NucleiData(Path folder, JsonNode splits, Map<String, String> typeOfFile) {
        this.folder = folder;
        this.splits = splits;
        this.typeOfFile = typeOfFile;
    }

    static NucleiData open(Path folder) throws IOException {
        JsonNode splits = JsonMapper.shared().readTree(Files.readString(folder.resolve("split.json")));
        Map<String, String> typeOfFile = new HashMap<>();
        List<String> rows = Files.readAllLines(folder.resolve("index.csv"));
        List<String> header = List.of(rows.get(0).split(","));
        int file = header.indexOf("file");
        int type = header.indexOf("type");
        if (file < 0 || type < 0) {
            throw new IOException(folder.resolve("index.csv") + " lacks a column file or type: " + header);
        }
        for (String row : rows.subList(1, rows.size())) {
            String[] cells = row.split(",", -1);
            typeOfFile.put(cells[file], cells[type]);
        }
        return new NucleiData(folder, splits, typeOfFile);
    }

    Set<String> splits() {
        return Set.copyOf(splits.propertyNames());
    }

    /** Names of the files of a split, in the order of the data set. */
    List<String> files(String split) {
        JsonNode names = splits.get(split);
        if (names == null) {
            throw new IllegalArgumentException("no split " + split + " in " + folder + ", only " + splits());
        }
        return names.valueStream().map(JsonNode::asString).toList();
    }

    String typeOf(String file) {
        return typeOfFile.getOrDefault(file, "unknown");
    }

    Path imageOf(String file) {
        return folder.resolve("images").resolve(file);
    }

    /** Reads whole images into memory, in parallel, in the order given. */
    List<LabelledImage> load(List<String> files, Normalization normalization) {
        return files.parallelStream().map(file -> load(file, normalization)).toList();
    }

    private LabelledImage load(String file, Normalization normalization) {
        try {
            BufferedImage image = read(imageOf(file));
            float[] planes = planes(image);
            normalization.apply(planes, 3);
            return new LabelledImage(file, typeOf(file), image.getWidth(), image.getHeight(), planes, objectIds(file));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(file + ": " + e.getMessage(), e);
        }
    }

    /** Raw 16-bit values: going through colours would reduce them to 8 bits and merge objects. */
    int[] objectIds(String file) throws IOException {
        Raster raster = read(folder.resolve("masks").resolve(file)).getRaster();
        return raster.getSamples(0, 0, raster.getWidth(), raster.getHeight(), 0, (int[]) null);
    }

    static BufferedImage read(Path path) throws IOException {
        BufferedImage image = ImageIO.read(path.toFile());
        if (image == null) {
            throw new IOException(path + " is not an image that can be read");
        }
        return image;
    }

    /** float32 [3, height, width], 0 to 255. */
    static float[] planes(BufferedImage image) {
        int width = image.getWidth();
        int height = image.getHeight();
        int[] rgb = image.getRGB(0, 0, width, height, null, 0, width);
        float[] planes = new float[3 * rgb.length];
        IntStream.range(0, rgb.length).forEach(i -> {
            planes[i] = rgb[i] >> 16 & 0xff;
            planes[i + rgb.length] = rgb[i] >> 8 & 0xff;
            planes[i + 2 * rgb.length] = rgb[i] & 0xff;
        });
        return planes;
    }
}
