package dev.gnserve.evaluation;

import dev.gnserve.failure.FailureException;
import dev.gnserve.image.Cancellation;
import dev.gnserve.image.ImageLimits;
import dev.gnserve.image.LabelMap;
import dev.gnserve.segmentation.VolumeSegmentation;
import dev.gnserve.volume.VolumeFile;
import dev.gnserve.volume.VolumeShape;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/**
 * The true numbers of the pixels of an image, or of the voxels of a volume: labels or objects. A volume is a picture of its planes along z,
 * the one below the other, so that what is counted in pixels is counted in voxels.
 *
 * @param file they come from
 * @param planes of a volume; 1 for an image
 */
record TrueNumbers(Path file, LabelMap numbers, int planes) {

    /** Up to here, float32 has every whole number. */
    private static final int MOST = 1 << 24;

    /**
     * Reads a picture of one channel. Raw values: going through colours would reduce 16 bits to 8 and merge objects.
     *
     * @param kind of the file, in words
     * @param width of the image it belongs to
     * @throws IllegalArgumentException if it is none, has another size, or values that are not whole
     */
    static TrueNumbers ofPicture(Path file, String kind, int width, int height) {
        BufferedImage read;
        try {
            read = ImageIO.read(file.toFile());
        } catch (IOException e) {
            throw new IllegalArgumentException(file + " cannot be read: " + e.getMessage(), e);
        }
        if (read == null || read.getRaster().getNumBands() != 1) {
            throw new IllegalArgumentException(file + " is not a " + kind);
        }
        if (read.getWidth() != width || read.getHeight() != height) {
            throw new IllegalArgumentException("%s has %d x %d pixels, and its image %d x %d"
                    .formatted(file, read.getWidth(), read.getHeight(), width, height));
        }
        double[] values =
                read.getRaster().getSamples(0, 0, width, height, 0, (double[]) null); // A TIFF may have float.
        int[] numbers = new int[values.length];
        for (int i = 0; i < values.length; i++) {
            if (values[i] != Math.rint(values[i]) || values[i] < 0 || values[i] > Integer.MAX_VALUE) {
                throw new IllegalArgumentException(
                        "%s has the value %s at (%d, %d); allowed are whole numbers from 0 to %d"
                                .formatted(file, values[i], i % width, i / width, Integer.MAX_VALUE));
            }
            numbers[i] = (int) values[i];
        }
        return new TrueNumbers(file, LabelMap.of(width, height, numbers), 1);
    }

    /**
     * Reads a volume of one channel with whole numbers.
     *
     * @param found in the volume it belongs to
     * @throws IllegalArgumentException if it is none, or has another shape or other places of its voxels
     */
    static TrueNumbers ofVolume(Path file, VolumeSegmentation found) {
        VolumeShape shape = found.shape();
        float[] values;
        try {
            VolumeFile volume = Files.isDirectory(file)
                    ? VolumeFile.openFolder(file, 1, ImageLimits.DEFAULT)
                    : VolumeFile.open(Files.readAllBytes(file), 1, ImageLimits.DEFAULT);
            if (volume.shape().depth() != shape.depth()
                    || volume.shape().height() != shape.height()
                    || volume.shape().width() != shape.width()) {
                throw new IllegalArgumentException(
                        "%s is %s, and its volume %s".formatted(file, volume.shape(), shape));
            }
            if (!volume.geometry().mayBe(found.geometry(), shape)) {
                throw new IllegalArgumentException(
                        "%s has other places of its voxels in space (sform or qform) than its volume; resample it to the volume's grid"
                                .formatted(file));
            }
            values = volume.read(Cancellation.NEVER).values();
        } catch (IOException e) {
            throw new IllegalArgumentException(file + " cannot be read: " + e.getMessage(), e);
        } catch (FailureException e) {
            throw new IllegalArgumentException(file + ": " + e.failure().detail(), e);
        }
        int[] numbers = new int[values.length];
        TrueNumbers read = new TrueNumbers(
                file, LabelMap.of(shape.width(), shape.depth() * shape.height(), numbers), shape.depth());
        for (int i = 0; i < values.length; i++) {
            if (values[i] != Math.rint(values[i]) || values[i] < 0 || values[i] >= MOST) {
                throw new IllegalArgumentException("%s has the value %s at %s; allowed are whole numbers from 0 to %d"
                        .formatted(file, values[i], read.place(i % shape.width(), i / shape.width()), MOST - 1));
            }
            numbers[i] = (int) values[i];
        }
        return read;
    }

    /** A place of the picture, in words: (x, y), or (x, y, z). */
    String place(int x, int y) {
        int height = numbers.height() / planes;
        return planes == 1 ? "(%d, %d)".formatted(x, y) : "(%d, %d, %d)".formatted(x, y % height, y / height);
    }
}
