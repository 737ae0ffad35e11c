package dev.gnserve;

import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Objects;
import javax.imageio.ImageIO;

/** Real images from the test split of the nuclei data, with their truth. */
public final class Samples {

    private Samples() {}

    /** The encoded image, as a client sends it. */
    public static byte[] png(String name) {
        return resource("/samples/nuclei/" + name + ".png");
    }

    /** The truth [height][width]: 0 for background, else the number of the nucleus. */
    public static int[][] truth(String name) {
        try (InputStream in = open("/samples/nuclei/" + name + ".mask.png")) {
            BufferedImage image = ImageIO.read(in);
            Raster raster = image.getRaster();
            int[][] ids = new int[raster.getHeight()][raster.getWidth()];
            for (int y = 0; y < ids.length; y++) {
                raster.getSamples(0, y, ids[y].length, 1, 0, ids[y]);
            }
            return ids;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] resource(String path) {
        try (InputStream in = open(path)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static InputStream open(String path) {
        return Objects.requireNonNull(Samples.class.getResourceAsStream(path), path);
    }
}
