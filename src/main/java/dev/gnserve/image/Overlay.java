package dev.gnserve.image;

import java.util.List;

/**
 * An upright image with what was found drawn upon it. Draw, then take {@link #toPng()}. Not thread-safe.
 */
public final class Overlay {

    /** How much of a tinted pixel is colour, of 256. */
    private static final int TINT = 90;

    /** The same for a value, whose colour has to be read. */
    private static final int VALUE_TINT = 208;

    private final int width;
    private final int height;
    /** RGB, [height, width, 3]. */
    private final byte[] pixels;
    /** Lines are this wide and letters this large, so that both are seen on large pictures. */
    private final int scale;

    /**
     * A box with a text.
     *
     * @param color index into the palette: the same class the same colour
     */
    public record Annotation(Box box, String text, int color) {}

    public Overlay(UprightImage image) {
        width = image.width();
        height = image.height();
        pixels = Display.rgb(image);
        scale = Math.max(1, Math.round(Math.min(width, height) / 320f));
    }

    /** Tints and outlines objects, close neighbours in different colours; label 0 is left as it is. */
    public void drawObjects(LabelMap objects) {
        draw(objects, NeighbourColors.of(objects));
    }

    /** Tints and outlines classes, class n in the colour n - 1 of the palette; label 0 is left as it is. */
    public void drawClasses(LabelMap classes) {
        int[] colors = new int[256];
        for (int label = 1; label < colors.length; label++) {
            colors[label] = label - 1;
        }
        draw(classes, colors);
    }

    /**
     * Colours each pixel by its value, over the picture, which shows through a little.
     *
     * @param values as large as the picture
     * @param text for people, at the top
     */
    public void drawValues(PlanarImage values, int channel, ValueScale scaled, String text) {
        if (values.width() != width || values.height() != height) {
            throw new IllegalArgumentException("%s does not lie on %d x %d".formatted(values, width, height));
        }
        int first = channel * width * height;
        for (int i = 0; i < width * height; i++) {
            blend(3 * i, ColourMap.color(scaled.step(values.values()[first + i])), VALUE_TINT);
        }
        drawText(new Annotation(new Box(0, 0, width, height), text, 0));
    }

    private void draw(LabelMap map, int[] colors) {
        if (map.width() != width || map.height() != height) {
            throw new IllegalArgumentException(
                    "a map of %d x %d does not lie on %d x %d".formatted(map.width(), map.height(), width, height));
        }
        int reach = Math.min(2, scale);
        // Rows y - reach to y + reach, at y % window.length.
        int[][] window = new int[2 * reach + 1][width];
        for (int y = 0; y < Math.min(reach, height); y++) {
            map.row(0, y, window[y % window.length], width);
        }
        for (int y = 0; y < height; y++) {
            if (y + reach < height) {
                map.row(0, y + reach, window[(y + reach) % window.length], width);
            }
            int[] row = window[y % window.length];
            for (int x = 0; x < width; x++) {
                int label = row[x];
                if (label != 0) {
                    boolean edge = isEdge(window, x, y, label, reach);
                    blend((y * width + x) * 3, Palette.color(colors[label]), edge ? 256 : TINT);
                }
            }
        }
    }

    /** Whether another label, or none, lies within reach; the border of the picture is no edge. */
    private boolean isEdge(int[][] window, int x, int y, int label, int reach) {
        int[] row = window[y % window.length];
        for (int d = 1; d <= reach; d++) {
            if ((x >= d && row[x - d] != label)
                    || (x + d < width && row[x + d] != label)
                    || (y >= d && window[(y - d) % window.length][x] != label)
                    || (y + d < height && window[(y + d) % window.length][x] != label)) {
                return true;
            }
        }
        return false;
    }

    /** Draws boxes, then their texts, so that no line runs through a text. */
    public void drawBoxes(List<Annotation> annotations) {
        for (Annotation annotation : annotations) {
            drawBox(annotation.box(), Palette.color(annotation.color()));
        }
        for (Annotation annotation : annotations) {
            drawText(annotation);
        }
    }

    /**
     * Draws a point as a small square.
     *
     * @param color index into the palette
     */
    public void drawPoint(double x, double y, int color) {
        int left = (int) Math.floor(x) - scale;
        int top = (int) Math.floor(y) - scale;
        fill(left, top, left + 2 * scale + 1, top + 2 * scale + 1, Palette.color(color));
    }

    public byte[] toPng() {
        return Png.rgb(width, height, pixels);
    }

    private void drawBox(Box box, int color) {
        int left = (int) Math.round(box.x());
        int top = (int) Math.round(box.y());
        int right = (int) Math.round(box.right());
        int bottom = (int) Math.round(box.bottom());
        fill(left, top, right, top + scale, color);
        fill(left, bottom - scale, right, bottom, color);
        fill(left, top, left + scale, bottom, color);
        fill(right - scale, top, right, bottom, color);
    }

    /** On the upper side of the box, within the picture. */
    private void drawText(Annotation annotation) {
        String text = annotation.text();
        int textWidth = (text.length() * PixelFont.ADVANCE + 1) * scale;
        int textHeight = (PixelFont.GLYPH_HEIGHT + 2) * scale;
        int left = clamp((int) Math.round(annotation.box().x()), width - textWidth);
        int top = clamp((int) Math.round(annotation.box().y()) - textHeight, height - textHeight);
        int color = Palette.color(annotation.color());
        fill(left, top, left + textWidth, top + textHeight, color);
        for (int i = 0; i < text.length(); i++) {
            drawLetter(text.charAt(i), left + (1 + i * PixelFont.ADVANCE) * scale, top + scale, Palette.textOn(color));
        }
    }

    private void drawLetter(char letter, int left, int top, int color) {
        for (int y = 0; y < PixelFont.GLYPH_HEIGHT; y++) {
            for (int x = 0; x < PixelFont.GLYPH_WIDTH; x++) {
                if (PixelFont.isDot(letter, x, y)) {
                    int dotX = left + x * scale;
                    int dotY = top + y * scale;
                    fill(dotX, dotY, dotX + scale, dotY + scale, color);
                }
            }
        }
    }

    private static int clamp(int value, int most) {
        return Math.max(0, Math.min(value, most));
    }

    /** Fills what of a rectangle lies within the picture. */
    private void fill(int left, int top, int right, int bottom, int color) {
        for (int y = Math.max(0, top); y < Math.min(height, bottom); y++) {
            for (int x = Math.max(0, left); x < Math.min(width, right); x++) {
                blend((y * width + x) * 3, color, 256);
            }
        }
    }

    private void blend(int at, int color, int share) {
        for (int c = 0; c < 3; c++) {
            int over = color >> (16 - 8 * c) & 0xFF;
            int under = pixels[at + c] & 0xFF;
            pixels[at + c] = (byte) (under + (((over - under) * share) >> 8));
        }
    }
}
