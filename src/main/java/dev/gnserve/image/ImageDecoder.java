package dev.gnserve.image;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.awt.image.PixelInterleavedSampleModel;
import java.io.IOException;
import java.util.Arrays;
import java.util.Iterator;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.stream.ImageInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Turns uploaded bytes into an upright image, within limits. Thread-safe.
 *
 * <p>The content decides the format. The header is held against the limits before any pixel memory is taken; nothing
 * goes to disk; of animations only the first picture is read. The orientation of EXIF is applied, alpha is dropped (as Pillow's {@code convert("RGB")} does: the colours under it stay what they are) and colours are
 * taken to be sRGB whatever profile is embedded, as training pipelines do.
 *
 * <p>{@link #cost} says before decoding what memory it takes. The time is in proportion to the pixels.
 */
public final class ImageDecoder {

    private final ImageLimits limits;
    private final ImageReaders readers = new ImageReaders();

    public ImageDecoder(ImageLimits limits) {
        this.limits = limits;
    }

    /** Enough of a file for {@link #isImage}. */
    public static final int HEAD = 18;

    /**
     * Whether a file begins as an image of a format that is read.
     *
     * @param head the first {@link #HEAD} bytes, or all of a shorter file
     */
    public static boolean isImage(byte[] head) {
        return ImageFormat.of(head) != null;
    }

    /** As {@link #decode(byte[], int, ChannelOrder, Cancellation)}: the first page; nothing stops it. */
    public UprightImage decode(byte[] bytes) {
        return decode(bytes, 1, ChannelOrder.RGB, Cancellation.NEVER);
    }

    /** As {@link #decode(byte[], int, ChannelOrder, Cancellation)}, for a network that takes colours. */
    public UprightImage decode(byte[] bytes, int page, Cancellation cancellation) {
        return decode(bytes, page, ChannelOrder.RGB, cancellation);
    }

    /**
     * An upright image in these bytes.
     *
     * @param page from 1; formats other than TIFF have one
     * @param wanted which channels the network takes: with {@link ChannelOrder.Stored} those of a TIFF are all kept as they are
     * @throws FailureException UNSUPPORTED_MEDIA, IMAGE_TOO_LARGE, IMAGE_UNDECODABLE, INVALID_REQUEST for a page that is not there, or,
     *     when there is no memory, OVERLOADED; and what the cancellation throws
     */
    public UprightImage decode(byte[] bytes, int page, ChannelOrder wanted, Cancellation cancellation) {
        ImageFormat format = ImageFormat.of(bytes);
        if (format == null) {
            throw Failure.of(
                            FailureCode.UNSUPPORTED_MEDIA,
                            "these %d bytes are not an image that is read here: send JPEG, PNG, BMP, GIF, TIFF, WebP or a NumPy array (.npy)"
                                    .formatted(bytes.length))
                    .asException();
        }
        DecodeWork work = new DecodeWork(cancellation);
        try {
            return decode(format, bytes, page, wanted, work);
        } catch (IOException | RuntimeException | StackOverflowError | OutOfMemoryError e) {
            if (work.stopped() != null) {
                throw work.stopped();
            }
            throw DecodeFailure.of("the %s of %d bytes".formatted(format, bytes.length), e)
                    .asException();
        }
    }

    private UprightImage decode(ImageFormat format, byte[] bytes, int page, ChannelOrder wanted, DecodeWork work)
            throws IOException {
        work.goOn();
        return switch (format) {
            case PNG -> {
                PngStructure structure = PngStructure.read(bytes, limits);
                PageNumber number = PageNumber.first(format, page, structure.pictures());
                UprightImage stored = read(format, structure.bare(), work);
                yield structure.orientation().apply(stored).asPage(number);
            }
            case JPEG -> jpeg(bytes, page, work);
            case TIFF -> tiff(TiffPage.read(bytes, limits, page, isStored(wanted)), work);
            case WEBP -> {
                WebpStructure structure = WebpStructure.read(bytes, limits);
                PageNumber number = PageNumber.first(format, page, structure.pictures());
                yield structure.decode(work).asPage(number);
            }
            case GIF -> {
                GifStructure structure = GifStructure.read(bytes, limits);
                PageNumber number = PageNumber.first(format, page, structure.pictures());
                yield structure
                        .screen()
                        .show(read(format, structure.bare(), work))
                        .asPage(number);
            }
            case BMP -> {
                PageNumber.first(format, page, 1);
                yield Bmp.read(bytes, limits).decode(work);
            }
            case NPY -> {
                PageNumber.first(format, page, 1);
                yield Npy.read(bytes, limits, wanted).decode(work);
            }
        };
    }

    /** As {@link #cost(byte[], int, ChannelOrder)}, for a network that takes colours. */
    public DecodeCost cost(byte[] bytes, int page) {
        return cost(bytes, page, ChannelOrder.RGB);
    }

    /** What decoding a page takes at most, read from its header. What decoding refuses costs nothing but a copy. */
    public DecodeCost cost(byte[] bytes, int page, ChannelOrder wanted) {
        ImageFormat format = ImageFormat.of(bytes);
        if (format == null) {
            return DecodeCost.of(1, 1, 0, 0);
        }
        try {
            return switch (format) {
                case PNG -> PngStructure.cost(bytes, limits);
                case JPEG -> JpegStructure.inspect(bytes, this::checkJpeg).cost();
                case TIFF ->
                    TiffPage.read(bytes, limits, page, isStored(wanted)).cost();
                case WEBP -> WebpStructure.read(bytes, limits).cost();
                case GIF -> GifStructure.read(bytes, limits).cost();
                case BMP -> Bmp.read(bytes, limits).cost();
                case NPY -> Npy.read(bytes, limits, wanted).cost();
            };
        } catch (IOException | RuntimeException | StackOverflowError e) {
            // Decoding says what is wrong.
            return DecodeCost.of(1, 1, 0, bytes.length);
        }
    }

    private static boolean isStored(ChannelOrder wanted) {
        return wanted instanceof ChannelOrder.Stored;
    }

    private UprightImage jpeg(byte[] bytes, int page, DecodeWork work) throws IOException {
        JpegStructure structure = JpegStructure.read(bytes, this::checkJpeg);
        PageNumber number = PageNumber.first(ImageFormat.JPEG, page, structure.pictures());
        ImageReader reader = readers.open(ImageFormat.JPEG);
        try (ImageInputStream stream = structure.bare(work)) {
            JpegWarnings warnings = new JpegWarnings();
            reader.addIIOReadWarningListener(warnings);
            reader.addIIOReadProgressListener(work);
            reader.setInput(stream, true, true);
            // The raster is what is stored, without the guesses at colours that reading an image would make.
            UprightImage stored = JpegColors.convert(reader.readRaster(0, null), structure);
            warnings.throwIfDamaged();
            return structure.orientation().apply(stored).asPage(number);
        } finally {
            reader.dispose();
        }
    }

    private void checkJpeg(int width, int height) {
        limits.check(ImageFormat.JPEG, width, height);
    }

    private UprightImage tiff(TiffPage page, DecodeWork work) throws IOException {
        UprightImage stored;
        if (page.compression().isJpeg()) {
            ImageReader reader = readers.open(ImageFormat.JPEG);
            try {
                stored = TiffJpeg.read(page, reader, work);
            } finally {
                reader.dispose();
            }
        } else {
            stored = TiffRows.read(page, work);
        }
        return page.orientation().apply(stored).asPage(page.number());
    }

    private UprightImage read(ImageFormat format, byte[] bytes, DecodeWork work) throws IOException {
        ImageReader reader = readers.open(format);
        try (ImageInputStream stream = new EndingStream(bytes, work)) {
            reader.addIIOReadProgressListener(work);
            reader.setInput(stream, true, true);
            limits.check(format, reader.getWidth(0), reader.getHeight(0));
            if (format == ImageFormat.GIF) {
                return Rasters.toImage(GifRows.read(reader));
            }
            ImageReadParam parameters = reader.getDefaultReadParam();
            parameters.setDestinationType(redFirst(reader));
            return Rasters.toImage(reader.read(0, parameters));
        } finally {
            reader.dispose();
        }
    }

    /** The samples in the order of the file where they can be had so, or null: the decoder's own choice is blue first. */
    private static @Nullable ImageTypeSpecifier redFirst(ImageReader reader) throws IOException {
        Iterator<ImageTypeSpecifier> types = reader.getImageTypes(0);
        while (types.hasNext()) {
            ImageTypeSpecifier type = types.next();
            if (type.getSampleModel() instanceof PixelInterleavedSampleModel layout
                    && Arrays.equals(layout.getBandOffsets(), new int[] {0, 1, 2})) {
                return type;
            }
        }
        return null;
    }
}
