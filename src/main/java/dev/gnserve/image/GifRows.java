package dev.gnserve.image;

import java.awt.image.BufferedImage;
import java.io.IOException;
import javax.imageio.ImageReader;
import javax.imageio.event.IIOReadUpdateListener;
import javax.imageio.event.IIOReadWarningListener;
import org.jspecify.annotations.Nullable;

/**
 * Whether a GIF has data for all of its rows. The decoder ends without an exception where the data end early, and goes on behind a code
 * that cannot be; the rest has the colour 0. Pillow refuses both.
 */
final class GifRows implements IIOReadUpdateListener, IIOReadWarningListener {

    private int rows;
    private @Nullable String damage;

    /** An image of the reader, which must be set to its file. */
    static BufferedImage read(ImageReader reader) throws IOException {
        GifRows seen = new GifRows();
        reader.addIIOReadUpdateListener(seen);
        reader.addIIOReadWarningListener(seen);
        BufferedImage image = reader.read(0);
        if (seen.damage != null) {
            throw new CorruptImageException("its data are damaged: " + seen.damage);
        }
        if (seen.rows < image.getHeight()) {
            throw new CorruptImageException("its data end after %d of %d rows".formatted(seen.rows, image.getHeight()));
        }
        return image;
    }

    @Override
    public void warningOccurred(ImageReader source, @Nullable String warning) {
        damage = damage == null ? String.valueOf(warning) : damage;
    }

    @Override
    public void imageUpdate(
            ImageReader source,
            BufferedImage image,
            int x,
            int y,
            int width,
            int height,
            int periodX,
            int periodY,
            int[] bands) {
        rows += height;
    }

    @Override
    public void passStarted(
            ImageReader source,
            BufferedImage image,
            int pass,
            int minPass,
            int maxPass,
            int x,
            int y,
            int periodX,
            int periodY,
            int[] bands) {}

    @Override
    public void passComplete(ImageReader source, BufferedImage image) {}

    @Override
    public void thumbnailPassStarted(
            ImageReader source,
            BufferedImage thumbnail,
            int pass,
            int minPass,
            int maxPass,
            int x,
            int y,
            int periodX,
            int periodY,
            int[] bands) {}

    @Override
    public void thumbnailUpdate(
            ImageReader source,
            BufferedImage thumbnail,
            int x,
            int y,
            int width,
            int height,
            int periodX,
            int periodY,
            int[] bands) {}

    @Override
    public void thumbnailPassComplete(ImageReader source, BufferedImage thumbnail) {}
}
