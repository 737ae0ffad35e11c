package dev.gnserve.volume;

import dev.gnserve.image.TiffStack;
import dev.gnserve.image.UnsupportedImageException;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
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

    /** As tifffile describes arrays: {"shape": [36, 50, 44], "axes": "ZYX"}. The axes may be missing. */
    private static final Pattern SHAPED =
            Pattern.compile("\\{\"shape\": \\[(\\d{1,9}(?:, \\d{1,9})*)](?:, \"axes\": \"(\\w+)\")?");

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
        return shaped.find() ? ofTifffile(shaped, stack) : planes(stack);
    }

    private static StackAxes planes(TiffStack stack) {
        return ordered(1, stack.pages(), 1, 0, null, null);
    }

    /** @throws UnsupportedImageException if the pages are not the planes of which the description speaks */
    static void requirePages(TiffStack stack, long channels, long depth) throws UnsupportedImageException {
        if (channels * depth != stack.pages()) {
            throw new UnsupportedImageException(
                    "its description speaks of %d planes, and it has %d page%s; save every plane as a page"
                            .formatted(channels * depth, stack.pages(), stack.pages() == 1 ? "" : "s"));
        }
    }

    /** Axes by their letters. One axis of another letter, or one without, is that of the planes. */
    private static StackAxes ofTifffile(Matcher shaped, TiffStack stack) throws IOException {
        int[] sizes = Arrays.stream(shaped.group(1).split(", ", -1))
                .mapToInt(Integer::parseInt)
                .toArray();
        String named = shaped.group(2) == null ? "" : shaped.group(2).toUpperCase(Locale.ROOT);
        boolean unnamed = named.length() != sizes.length;
        StringBuilder paged = new StringBuilder();
        int channels = 1;
        int depth = 1;
        for (int axis = 0; axis < sizes.length && !unnamed; axis++) {
            char letter = named.charAt(axis);
            if (sizes[axis] == 1 || isInPages(letter, sizes[axis], named, stack)) {
                continue;
            }
            if (letter == 'T') {
                throw new UnsupportedImageException(
                        "it has %d points of time; send one of them".formatted(sizes[axis]));
            }
            channels = letter == 'C' ? sizes[axis] : channels;
            depth = letter == 'C' ? depth : sizes[axis];
            paged.append(letter);
        }
        int inPages = stack.samples() > 1 ? 3 : 2;
        boolean clear = unnamed ? sizes.length - inPages <= 1 : paged.length() < 2 || "CZC".contains(paged);
        if (!clear) {
            throw new UnsupportedImageException(
                    "its description gives the shape [%s] without saying which axis has channels, depth or time; save it as an ImageJ or OME stack (tifffile: imagej=True or ome=True, metadata={'axes': 'ZCYX'})"
                            .formatted(shaped.group(1)));
        }
        if (unnamed) {
            return planes(stack);
        }
        requirePages(stack, channels, depth);
        boolean channelsFirst = paged.indexOf("CZ") >= 0;
        return ordered(channels, depth, channelsFirst ? depth : 1, channelsFirst ? 1 : channels, null, null);
    }

    /** Whether an axis is one of each page: rows, columns, or the samples of a pixel. */
    private static boolean isInPages(char letter, int size, String named, TiffStack stack) {
        boolean samples = letter == 'S' || (letter == 'C' && size == stack.samples() && named.indexOf('S') < 0);
        return letter == 'Y' || letter == 'X' || (samples && stack.samples() > 1);
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
        requirePages(stack, channels, depth);
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
