package dev.gnserve.evaluation;

import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.function.Supplier;
import javax.imageio.ImageIO;

/** Keeps the images with the lowest scores, with a small picture of each. Not thread-safe. */
public final class WorstImages {

    private static final int MOST = 12;
    private static final int SIDE = 360;

    /**
     * One image.
     *
     * @param score the lower, the worse
     * @param note what is wrong with it
     * @param jpeg the picture of the result, at most 360 pixels wide and high
     */
    @SuppressWarnings("ArrayRecordComponent") // Compared never.
    public record Image(String name, double score, String note, byte[] jpeg) {}

    private final boolean wanted;
    private final PriorityQueue<Image> worst =
            new PriorityQueue<>(Comparator.comparingDouble(Image::score).reversed());

    /** @param wanted whether images are kept at all */
    WorstImages(boolean wanted) {
        this.wanted = wanted;
    }

    /** Offers an image; the picture, a PNG, is made only if the image is kept. */
    void offer(String name, double score, String note, Supplier<byte[]> picture) throws IOException {
        if (!wanted || (worst.size() == MOST && worst.element().score() <= score)) {
            return;
        }
        worst.add(new Image(name, score, note, small(picture.get())));
        if (worst.size() > MOST) {
            worst.remove();
        }
    }

    /** The worst first. */
    List<Image> list() {
        return worst.stream().sorted(Comparator.comparingDouble(Image::score)).toList();
    }

    private static byte[] small(byte[] png) throws IOException {
        BufferedImage image = ImageIO.read(new ByteArrayInputStream(png));
        double scale = Math.min(1, (double) SIDE / Math.max(image.getWidth(), image.getHeight()));
        BufferedImage small = new BufferedImage(
                Math.max(1, (int) (image.getWidth() * scale)),
                Math.max(1, (int) (image.getHeight() * scale)),
                BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = small.createGraphics();
        graphics.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
        graphics.drawImage(image, 0, 0, small.getWidth(), small.getHeight(), null);
        graphics.dispose();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageIO.write(small, "jpg", out);
        return out.toByteArray();
    }
}
