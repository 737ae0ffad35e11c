package dev.gnserve.evaluation;

import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.imageio.ImageIO;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A folder of microscopy images with nuclei: {@code images/} (8-bit RGB PNG), {@code masks/} (16-bit gray PNG, 0 background, 1..n nuclei), {@code
 * split.json} (file names by split) and {@code index.csv} (file, split, type, ...).
 */
public final class NucleiData {

    private final Path folder;
    private final JsonNode splits;
    private final Map<String, String> typeOfFile;

    private NucleiData(Path folder, JsonNode splits, Map<String, String> typeOfFile) {
        this.folder = folder;
        this.splits = splits;
        this.typeOfFile = typeOfFile;
    }

    public static NucleiData open(Path folder) throws IOException {
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

    public Set<String> splits() {
        return Set.copyOf(splits.propertyNames());
    }

    /** Names of the files of a split, in the order of the data set. */
    public List<String> files(String split) {
        JsonNode names = splits.get(split);
        if (names == null) {
            throw new IllegalArgumentException("no split " + split + " in " + folder + ", only " + splits());
        }
        return names.valueStream().map(JsonNode::asString).toList();
    }

    public String typeOf(String file) {
        return typeOfFile.getOrDefault(file, "unknown");
    }

    public Path imageOf(String file) {
        return folder.resolve("images").resolve(file);
    }

    /** Raw 16-bit values: going through colours would reduce them to 8 bits and merge objects. */
    public int[] objectIds(String file) throws IOException {
        Raster raster = read(folder.resolve("masks").resolve(file)).getRaster();
        return raster.getSamples(0, 0, raster.getWidth(), raster.getHeight(), 0, (int[]) null);
    }

    public static BufferedImage read(Path path) throws IOException {
        BufferedImage image = ImageIO.read(path.toFile());
        if (image == null) {
            throw new IOException(path + " is not an image that can be read");
        }
        return image;
    }
}
