package dev.gnserve.image;

import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * The pages of a TIFF file as planes of one stack: all of one size, with the samples as they are stored. Immutable.
 *
 * <p>Reading it reads the directories and no pixels. What pages stand for (depth, channels, time) is in the description, which is not
 * understood here.
 */
public final class TiffStack {

    private final byte[] file;
    private final ImageLimits limits;
    private final long[] places;
    private final TiffPage first;

    private TiffStack(byte[] file, ImageLimits limits, long[] places, TiffPage first) {
        this.file = file;
        this.limits = limits;
        this.places = places;
        this.first = first;
    }

    /** Whether the file begins as TIFF or BigTIFF. */
    public static boolean isOf(byte[] file) {
        return ImageFormat.of(file) == ImageFormat.TIFF;
    }

    /**
     * Reads the directories.
     *
     * @throws IOException saying what is wrong with the file, or what in it is not read
     * @throws dev.gnserve.failure.FailureException IMAGE_TOO_LARGE for a page beyond the limits
     */
    public static TiffStack read(byte[] file, ImageLimits limits) throws IOException {
        long[] places = TiffDirectory.pages(file);
        TiffPage first = page(file, limits, places, 0);
        long listed = 0;
        for (int i = 0; i < places.length; i++) {
            TiffPage page = page(file, limits, places, i);
            require(page, first, i + 1);
            listed += page.listedBytes();
            if (listed > file.length) {
                throw new UnsupportedImageException(
                        "the directories of its pages share bytes: its first %d have more tags and strips than %d bytes can hold; save it again"
                                .formatted(i + 1, file.length));
            }
        }
        return new TiffStack(file, limits, places, first);
    }

    /** Directories are read again for each page, so that those of many pages take no memory. */
    private static TiffPage page(byte[] file, ImageLimits limits, long[] places, int index) throws IOException {
        return TiffPage.at(file, limits, places[index], new PageNumber(index + 1, places.length));
    }

    private static void require(TiffPage page, TiffPage first, int number) throws IOException {
        if (page.width() != first.width()
                || page.height() != first.height()
                || page.samples().count() != first.samples().count()) {
            throw new UnsupportedImageException(
                    "its page %d has %d x %d pixels of %d samples and its first page %d x %d of %d: the planes of a stack have one size; save the stack alone"
                            .formatted(
                                    number,
                                    page.width(),
                                    page.height(),
                                    page.samples().count(),
                                    first.width(),
                                    first.height(),
                                    first.samples().count()));
        }
        int bits = page.samples().bits();
        if (page.samples().photometric() == TiffSamples.PALETTE || bits < 8 || bits % 8 != 0 || bits == 24) {
            throw new UnsupportedImageException(
                    "its page %d has samples of %d bits%s: a stack is read with samples of 8, 16, 32 or 64 bits that are no numbers of colours; convert it to 8 or 16 bits"
                            .formatted(
                                    number,
                                    bits,
                                    page.samples().photometric() == TiffSamples.PALETTE ? " with a palette" : ""));
        }
        if (page.compression().isJpeg()) {
            throw new UnsupportedImageException(
                    "its pages are compressed as JPEG; save the stack without compression, or with deflate or LZW");
        }
        if (!page.orientation().equals(Orientation.UPRIGHT)) {
            throw new UnsupportedImageException("its pages are turned (tag 274); save the stack upright");
        }
    }

    public int pages() {
        return places.length;
    }

    public int width() {
        return first.width();
    }

    public int height() {
        return first.height();
    }

    /** Samples of a pixel. */
    public int samples() {
        return first.samples().count();
    }

    /** The text of the first page's tag 270; empty if there is none. */
    public String description() {
        byte[] bytes = first.directory().bytes(TiffTag.DESCRIPTION);
        int end = bytes.length;
        while (end > 0 && bytes[end - 1] == 0) {
            end--;
        }
        return new String(bytes, 0, end, StandardCharsets.UTF_8);
    }

    /** Pixels per unit along x and y, from the first page's tags 282 and 283; 0 where there is none. */
    public double[] pixelsPerUnit() {
        TiffDirectory directory = first.directory();
        double[] x = directory.ratios(TiffTag.X_RESOLUTION, 1);
        double[] y = directory.ratios(TiffTag.Y_RESOLUTION, 1);
        return new double[] {x.length == 0 ? 0 : x[0], y.length == 0 ? 0 : y[0]};
    }

    /**
     * Decodes a page.
     *
     * @param page from 0
     * @param into receives the planes of its samples one after another, float32 [samples, height, width], from {@code at} on
     * @throws IOException saying what is wrong with the page
     */
    public void read(int page, float[] into, int at, int planeStep, Cancellation cancellation) throws IOException {
        UprightImage image = TiffRows.read(page(file, limits, places, page), new DecodeWork(cancellation));
        int channels = image.channels();
        int plane = image.width() * image.height();
        Object samples = image.samples();
        FileScale scale = image.scale();
        for (int c = 0; c < channels; c++) {
            int out = at + c * planeStep;
            for (int i = 0; i < plane; i++) {
                int place = i * channels + c;
                float value = samples instanceof byte[] bytes
                        ? bytes[place] & 0xFF
                        : samples instanceof short[] shorts ? shorts[place] & 0xFFFF : ((float[]) samples)[place];
                into[out + i] = scale == null ? value : scale.value(value, image.maxSample());
            }
        }
    }
}
