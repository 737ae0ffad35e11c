package dev.gnserve.exchange;

import dev.gnserve.failure.FailureException;
import dev.gnserve.image.ImageDecoder;
import dev.gnserve.image.ImageLimits;
import dev.gnserve.image.UprightImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** The mean samples of objects in the pictures they were found in, as {@code intensity_mean} of scikit-image's {@code regionprops}. */
final class Intensities {

    /** Columns: a gray picture has a value for the first. */
    static final int CHANNELS = 3;

    private final ImageDecoder decoder = new ImageDecoder(ImageLimits.WIDEST);
    private final Path folder;

    Intensities(Path folder) {
        this.folder = folder;
    }

    /**
     * The picture of a result.
     *
     * @throws IllegalArgumentException if it is not there, cannot be decoded, or has another size than the result; the message says which
     */
    UprightImage picture(ImageResult result) {
        UprightImage picture;
        try {
            picture = decoder.decode(Files.readAllBytes(folder.resolve(result.image())));
        } catch (NoSuchFileException e) {
            throw new IllegalArgumentException("its image is not in " + folder, e);
        } catch (IOException e) {
            throw new IllegalArgumentException("its image in " + folder + " cannot be read: " + e, e);
        } catch (FailureException e) {
            throw new IllegalArgumentException(e.failure().detail(), e);
        }
        if (picture.width() != result.width() || picture.height() != result.height()) {
            throw new IllegalArgumentException("its image in %s has %d x %d pixels, and the result %d x %d"
                    .formatted(folder, picture.width(), picture.height(), result.width(), result.height()));
        }
        return picture;
    }

    /** One mean for each channel of the picture, in its own units: 0 to 255, 0 to 65535, or those of its numbers. */
    static double[] means(UprightImage picture, ObjectPixels pixels) {
        double[] means = new double[picture.channels()];
        for (int i = 0; i < pixels.inside().length; i++) {
            if (pixels.inside()[i] != 0) {
                int x = pixels.region().x() + i % pixels.region().width();
                int y = pixels.region().y() + i / pixels.region().width();
                for (int channel = 0; channel < means.length; channel++) {
                    means[channel] += picture.value(x, y, channel);
                }
            }
        }
        for (int channel = 0; channel < means.length; channel++) {
            means[channel] /= Math.max(1, pixels.area());
        }
        return means;
    }
}
