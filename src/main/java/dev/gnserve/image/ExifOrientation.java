package dev.gnserve.image;

import com.drew.imaging.tiff.TiffProcessingException;
import com.drew.imaging.tiff.TiffReader;
import com.drew.lang.ByteArrayReader;
import com.drew.metadata.Metadata;
import com.drew.metadata.exif.ExifIFD0Directory;
import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Finds the orientation in an EXIF block, that is in the first directory of a TIFF structure (EXIF 2.32, 4.6). */
final class ExifOrientation {

    private ExifOrientation() {}

    /** The orientation in the TIFF structure from {@code offset} on; upright where there is none or it is broken. */
    static Orientation read(byte[] bytes, int offset, int length) {
        ExifIFD0Directory directory = directory(Arrays.copyOfRange(bytes, offset, offset + length));
        Integer number = directory == null ? null : directory.getInteger(ExifIFD0Directory.TAG_ORIENTATION);
        return number == null ? Orientation.UPRIGHT : Orientation.ofExif(number);
    }

    /** The first directory, or null where there is none that can be read. */
    static @Nullable ExifIFD0Directory directory(byte[] tiff) {
        Metadata metadata = new Metadata();
        try {
            new TiffReader().processTiff(new ByteArrayReader(tiff), new ShortValues(metadata), 0);
        } catch (TiffProcessingException | IOException | RuntimeException broken) {
            // Broken metadata do not make the picture unreadable; viewers show such a file as it is stored.
        }
        return metadata.getFirstDirectoryOfType(ExifIFD0Directory.class);
    }
}
