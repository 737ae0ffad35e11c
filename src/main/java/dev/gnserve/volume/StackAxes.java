package dev.gnserve.volume;

import dev.gnserve.image.TiffStack;
import dev.gnserve.image.UnsupportedImageException;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What the pages of a TIFF stack stand for.
 *
 * @param channels that have pages of their own
 * @param depth planes of a channel
 * @param pages for each channel and plane, channel after channel, the page from 0
 * @param spacing along z, y, x; null if the file does not say it
 * @param unit of the spacing; null if the file does not say it
 */
record StackAxes(
        int channels,
        int depth,
        List<Integer> pages,
        @Nullable List<Double> spacing,
        @Nullable String unit) {

    /** As tifffile describes arrays: {"shape": [36, 50, 44]}. */
    private static final Pattern SHAPED = Pattern.compile("\\{\"shape\": \\[([\\d, ]+)]");

    int page(int channel, int plane) {
        return pages.get(channel * depth + plane);
    }

    /**
     * The axes of a stack by its description: OME-XML, ImageJ's, or none, where pages are planes along z.
     *
     * @param wanted channels of the model, for messages
     */
    static StackAxes of(TiffStack stack, int wanted) throws IOException {
        String description = stack.description();
        if (description.contains("<OME") || description.contains(":OME")) {
            return OmeDescription.read(description, stack.pages());
        }
        if (description.startsWith("ImageJ=")) {
            return ofImageJ(description, stack);
        }
        Matcher shaped = SHAPED.matcher(description);
        if (shaped.find()) {
            String[] sizes = shaped.group(1).split(",", -1);
            int last = stack.samples() > 1 ? 1 : 0;
            if (sizes.length - last > 3) {
                throw new UnsupportedImageException(
                        "its description gives the shape [%s] without saying which axis has channels, depth or time; save it as an ImageJ or OME stack (tifffile: imagej=True or ome=True, metadata={'axes': 'ZCYX'})"
                                .formatted(shaped.group(1)));
            }
        }
        return ordered(1, stack.pages(), 1, 0, null, null);
    }

    /**
     * Pages that follow each other.
     *
     * @param channelStep pages from one channel to the next
     * @param planeStep pages from one plane to the next; 0 if that is 1
     */
    static StackAxes ordered(
            int channels,
            int depth,
            int channelStep,
            int planeStep,
            @Nullable List<Double> spacing,
            @Nullable String unit) {
        Integer[] pages = new Integer[Math.multiplyExact(channels, depth)];
        for (int c = 0; c < channels; c++) {
            for (int z = 0; z < depth; z++) {
                pages[c * depth + z] = c * channelStep + z * Math.max(1, planeStep);
            }
        }
        return new StackAxes(channels, depth, List.of(pages), spacing, unit);
    }

    /** ImageJ's TiffEncoder: channels change fastest, then slices, then frames. */
    private static StackAxes ofImageJ(String description, TiffStack stack) throws IOException {
        Map<String, String> fields = new HashMap<>();
        description.lines().forEach(line -> {
            int sign = line.indexOf('=');
            if (sign > 0) {
                fields.put(line.substring(0, sign), line.substring(sign + 1).strip());
            }
        });
        int images = whole(fields, "images");
        int channels = whole(fields, "channels");
        int frames = whole(fields, "frames");
        int depth = fields.containsKey("slices") ? whole(fields, "slices") : images / Math.max(1, channels * frames);
        if (frames > 1) {
            throw new UnsupportedImageException(
                    "it has %d frames (points of time); send one of them, in ImageJ by Image, Duplicate"
                            .formatted(frames));
        }
        double[] perUnit = stack.pixelsPerUnit();
        String unit = fields.get("unit") == null ? null : Geometry.unit(fields.get("unit"));
        double z = decimal(fields.get("spacing"));
        boolean known = unit != null && isDistance(z) && isDistance(perUnit[0]) && isDistance(perUnit[1]);
        return ordered(
                channels,
                depth,
                1,
                channels,
                known ? List.of(z, 1 / perUnit[1], 1 / perUnit[0]) : null,
                known ? unit : null);
    }

    private static int whole(Map<String, String> fields, String name) throws IOException {
        String text = fields.getOrDefault(name, "1");
        if (!text.matches("[1-9]\\d{0,6}")) {
            throw new UnsupportedImageException("its description of ImageJ says %s=%s".formatted(name, text));
        }
        return Integer.parseInt(text);
    }

    private static double decimal(@Nullable String text) {
        try {
            return text == null ? 0 : Math.abs(Double.parseDouble(text));
        } catch (NumberFormatException e) {
            return 0;
        }
    }

    private static boolean isDistance(double value) {
        return value > 0 && Double.isFinite(value);
    }
}
