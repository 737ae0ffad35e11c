package dev.gnserve.volume;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.image.Cancellation;
import dev.gnserve.image.DecodeFailure;
import dev.gnserve.image.ImageLimits;
import dev.gnserve.image.NpyHeader;
import dev.gnserve.image.TiffStack;
import dev.gnserve.image.UnsupportedImageException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A file with a volume: a TIFF stack (ImageJ, OME, or plain pages), NIfTI-1, or an array of NumPy. The content decides the format.
 *
 * <p>Opening it reads its header and holds its size against the limits; the values take memory only when they are read.
 */
public final class VolumeFile {

    private static final String ARRAYS = "file of NumPy arrays";

    /** Of files, longer ones first. */
    private static final List<String> ENDINGS =
            List.of(".ome.tiff", ".ome.tif", ".tiff", ".tif", ".nii.gz", ".nii", ".npy", ".npz");

    private static final List<String> ENDINGS_OF_FOLDERS = List.of(".ome.zarr", ".zarr");

    private final Source source;
    private final String described;

    private VolumeFile(Source source, String described) {
        this.source = source;
        this.described = described;
    }

    /** One format. */
    interface Source {

        VolumeShape shape();

        Geometry geometry();

        /** Heap that reading takes beside the values. */
        default long readingBytes() {
            return 0;
        }

        /** Reads all values into [channels, depth, height, width]. */
        void read(float[] into, Cancellation cancellation) throws IOException;
    }

    /** Whether a file has the name of a volume. */
    public static boolean isNamed(String name) {
        return ENDINGS.stream().anyMatch(name.toLowerCase(Locale.ROOT)::endsWith);
    }

    /** The name of a file or a folder without the ending of volumes. */
    public static String stem(String name) {
        String small = name.toLowerCase(Locale.ROOT);
        return Stream.concat(ENDINGS.stream(), ENDINGS_OF_FOLDERS.stream())
                .filter(small::endsWith)
                .findFirst()
                .map(ending -> name.substring(0, name.length() - ending.length()))
                .orElse(name);
    }

    /** As {@link #open(byte[], String, int, ImageLimits)}, for a file with one array. */
    public static VolumeFile open(byte[] bytes, int channels, ImageLimits limits) {
        return open(bytes, null, channels, limits);
    }

    /**
     * Opens a file.
     *
     * @param array the name of an array in a file with several (.npz); null for the only one
     * @param channels that the model takes
     * @throws dev.gnserve.failure.FailureException UNSUPPORTED_MEDIA, IMAGE_UNDECODABLE for a file that is damaged or has a property
     *     that is not read, IMAGE_TOO_LARGE
     */
    public static VolumeFile open(byte[] bytes, @Nullable String array, int channels, ImageLimits limits) {
        String format = format(bytes);
        if (array != null && !format.equals(ARRAYS)) {
            throw Failure.of(
                            FailureCode.INVALID_REQUEST,
                            "array is '%s', but the upload is a %s; array goes with a file of several arrays (.npz)"
                                    .formatted(array, format))
                    .asException();
        }
        String described = "the %s of %d bytes".formatted(format, bytes.length);
        try {
            Source source = switch (format) {
                case "TIFF stack" -> TiffVolume.of(TiffStack.read(bytes, limits), channels);
                case "NumPy array" -> NpyVolume.of(bytes, channels);
                case ARRAYS -> NpyVolume.ofArchive(bytes, array, channels);
                default -> NiftiVolume.of(bytes, channels);
            };
            return of(source, described, channels, limits);
        } catch (IOException | RuntimeException | OutOfMemoryError e) {
            throw DecodeFailure.of(described, e).asException();
        }
    }

    /**
     * Whether a folder has one volume: an image of OME-Zarr, or an array of Zarr; or has metadata that cannot be read, so that
     * {@link #openFolder} says why.
     */
    public static boolean isFolder(Path folder) {
        try {
            return ZarrVolume.isOf(folder);
        } catch (IOException e) {
            return true;
        }
    }

    /**
     * Opens a folder with one volume.
     *
     * @throws dev.gnserve.failure.FailureException as {@link #open(byte[], String, int, ImageLimits)}
     */
    public static VolumeFile openFolder(Path folder, int channels, ImageLimits limits) {
        String described = "the Zarr folder " + folder.getFileName();
        try {
            return of(ZarrVolume.of(folder, channels), described, channels, limits);
        } catch (IOException | RuntimeException | OutOfMemoryError e) {
            throw DecodeFailure.of(described, e).asException();
        }
    }

    private static VolumeFile of(Source source, String described, int channels, ImageLimits limits)
            throws UnsupportedImageException {
        VolumeShape shape = source.shape();
        requireWithin(shape, limits);
        if (shape.channels() != channels) {
            throw new UnsupportedImageException(
                    "it has %d channels and the model takes %d; send a volume with those of the model"
                            .formatted(shape.channels(), channels));
        }
        return new VolumeFile(source, described);
    }

    private static String format(byte[] bytes) {
        if (TiffStack.isOf(bytes)) {
            return "TIFF stack";
        }
        if (NpyHeader.isOf(bytes)) {
            return "NumPy array";
        }
        if (NiftiVolume.isOf(bytes)) {
            return "NIfTI file";
        }
        if (NpzFile.isOf(bytes)) {
            return ARRAYS;
        }
        String named = bytes.length > 132 && bytes[128] == 'D' && bytes[129] == 'I' && bytes[130] == 'C'
                ? "a DICOM file: one file is one plane; convert the series to NIfTI, for example with dcm2niix"
                : "not a volume that is read here: send a TIFF stack, NIfTI-1 (.nii, .nii.gz) or an array of NumPy (.npy, .npz)";
        throw Failure.of(FailureCode.UNSUPPORTED_MEDIA, "these %d bytes are %s".formatted(bytes.length, named))
                .asException();
    }

    private static void requireWithin(VolumeShape shape, ImageLimits limits) {
        long voxels = shape.voxels();
        if (voxels > limits.maxPixels() || voxels * shape.channels() > 4 * limits.maxPixels()) {
            throw Failure.of(
                            FailureCode.IMAGE_TOO_LARGE,
                            String.format(
                                    Locale.ROOT,
                                    "the volume is %s: %,d voxels; at most %,d are accepted (gnserve.limits.max-pixels), and four times as many samples: crop it",
                                    shape,
                                    voxels,
                                    limits.maxPixels()))
                    .asException();
        }
    }

    public VolumeShape shape() {
        return source.shape();
    }

    public Geometry geometry() {
        return source.geometry();
    }

    /** Heap that reading takes beside the values and the file. */
    public long readingBytes() {
        return source.readingBytes();
    }

    /**
     * Reads the values.
     *
     * @throws dev.gnserve.failure.FailureException IMAGE_UNDECODABLE, OVERLOADED when there is no memory, and what the cancellation throws
     */
    public Volume read(Cancellation cancellation) {
        @Nullable RuntimeException[] stopped = new RuntimeException[1];
        Cancellation kept = () -> {
            try {
                cancellation.throwIfCancelled();
            } catch (RuntimeException e) {
                stopped[0] = e;
                throw e;
            }
        };
        try {
            VolumeShape shape = source.shape();
            float[] values = new float[Math.toIntExact(shape.voxels() * shape.channels())];
            source.read(values, kept);
            for (float value : values) {
                if (!Float.isFinite(value)) {
                    throw UnsupportedImageException.ofNumbers();
                }
            }
            return new Volume(shape, values, source.geometry());
        } catch (IOException | RuntimeException | OutOfMemoryError e) {
            if (stopped[0] != null) {
                throw stopped[0];
            }
            throw DecodeFailure.of(described, e).asException();
        }
    }
}
