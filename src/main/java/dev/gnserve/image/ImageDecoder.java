package dev.gnserve.image;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.awt.image.PixelInterleavedSampleModel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
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
 * goes to disk; of animations and multi-page files only the first picture is read. The orientation of EXIF is applied,
 * alpha is dropped (as Pillow's {@code convert("RGB")} does: the colours under it stay what they are) and colours are
 * taken to be sRGB whatever profile is embedded, as training pipelines do.
 */
public final class ImageDecoder {

    private final ImageLimits limits;
    private final ImageReaders readers = new ImageReaders();

    public ImageDecoder(ImageLimits limits) {
        this.limits = limits;
    }

    /**
     * The upright image in these bytes.
     *
     * @throws FailureException UNSUPPORTED_MEDIA, IMAGE_TOO_LARGE or IMAGE_UNDECODABLE, and nothing else
     */
    public UprightImage decode(byte[] bytes) {
        ImageFormat format = ImageFormat.of(bytes);
        if (format == null) {
            throw Failure.of(
                            FailureCode.UNSUPPORTED_MEDIA,
                            "these %d bytes are not an image that is read here: send JPEG, PNG, BMP, GIF, TIFF or WebP"
                                    .formatted(bytes.length))
                    .asException();
        }
        try {
            return switch (format) {
                case PNG -> png(bytes);
                case JPEG -> jpeg(bytes);
                case TIFF -> tiff(bytes);
                case WEBP -> WebpStructure.check(bytes, limits).apply(read(format, bytes));
                case GIF -> GifScreen.read(bytes, limits).show(read(format, bytes));
                case BMP -> bmp(bytes);
            };
        } catch (CorruptImageException e) {
            throw undecodable(format, bytes, String.valueOf(e.getMessage()), e);
        } catch (FailureException e) {
            throw e;
        } catch (IOException | RuntimeException | StackOverflowError e) {
            // Decoders meet corrupt bytes with whatever exception their arithmetic leads to.
            throw undecodable(format, bytes, "the decoder stopped with " + e, e);
        } catch (OutOfMemoryError e) {
            // The picture itself is within the limits: a corrupt length field asked for the rest.
            throw undecodable(format, bytes, "decoding asked for more memory than there is", e);
        }
    }

    /**
     * What decoding these bytes may need memory for, in pixels, at most those of the limits: as many as the header claims,
     * and more where the format lets a decoder keep more. Bytes that decoding will refuse count as the limit.
     */
    public long claimedPixels(byte[] bytes) {
        ImageFormat format = ImageFormat.of(bytes);
        if (format == null) {
            return limits.maxPixels();
        }
        try {
            if (format == ImageFormat.TIFF) {
                // Asking its reader would read all there is beside the pixels.
                return Math.min(TiffStructure.claimedPixels(bytes), limits.maxPixels());
            }
            ImageReader reader = readers.open(format);
            try (ImageInputStream stream = new EndingStream(bytes)) {
                reader.setInput(stream, true, true);
                long claimed = (long) reader.getWidth(0) * reader.getHeight(0);
                long beside = format == ImageFormat.WEBP ? WebpStructure.pixelsWorthOfCodes(bytes) : 0;
                return claimed < 1 ? limits.maxPixels() : Math.min(claimed + beside, limits.maxPixels());
            } finally {
                reader.dispose();
            }
        } catch (IOException | RuntimeException | StackOverflowError e) {
            // Decoding says what is wrong with it.
            return limits.maxPixels();
        }
    }

    private UprightImage jpeg(byte[] bytes) throws IOException {
        JpegStructure structure = JpegStructure.read(bytes, limits);
        ImageReader reader = readers.open(ImageFormat.JPEG);
        try (ImageInputStream stream = new EndingStream(structure.bare())) {
            JpegWarnings warnings = new JpegWarnings();
            reader.addIIOReadWarningListener(warnings);
            reader.setInput(stream, true, true);
            // The raster is what is stored, without the guesses at colours that reading an image would make.
            UprightImage stored = JpegColors.convert(reader.readRaster(0, null), structure);
            warnings.throwIfDamaged();
            return structure.orientation().apply(stored);
        } finally {
            reader.dispose();
        }
    }

    private UprightImage png(byte[] bytes) throws IOException {
        PngStructure structure = PngStructure.read(bytes, limits);
        return structure.orientation().apply(read(ImageFormat.PNG, structure.bare()));
    }

    private UprightImage tiff(byte[] bytes) throws IOException {
        TiffStructure.check(bytes, limits);
        return ExifOrientation.read(bytes, 0, bytes.length).apply(read(ImageFormat.TIFF, bytes));
    }

    private UprightImage bmp(byte[] bytes) throws IOException {
        ByteBuffer header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        boolean current = header.getInt(14) >= 40;
        if (current) {
            long width = header.getInt(18);
            long height = Math.abs((long) header.getInt(22));
            limits.check(ImageFormat.BMP, width, height);
            boolean compressed = header.getInt(30) != 0;
            // The decoder takes memory for the picture before it sees that the pixels are missing.
            if (!compressed && width * height * header.getShort(28) / 8 > bytes.length) {
                throw new CorruptImageException("it ends before its %d x %d pixels".formatted(width, height));
            }
        }
        return read(ImageFormat.BMP, bytes);
    }

    private UprightImage read(ImageFormat format, byte[] bytes) throws IOException {
        ImageReader reader = readers.open(format);
        try (ImageInputStream stream = new EndingStream(bytes)) {
            reader.setInput(stream, true, true);
            limits.check(format, reader.getWidth(0), reader.getHeight(0));
            ImageReadParam parameters = reader.getDefaultReadParam();
            if (format == ImageFormat.PNG) {
                parameters.setDestinationType(redFirst(reader));
            }
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

    private static FailureException undecodable(ImageFormat format, byte[] bytes, String reason, Throwable cause) {
        String detail =
                "the %s of %d bytes is truncated or corrupt: %s; check that it opens elsewhere and was sent whole"
                        .formatted(format, bytes.length, reason);
        return Failure.of(FailureCode.IMAGE_UNDECODABLE, detail, cause).asException();
    }
}
