package dev.gnserve.image;

import com.drew.imaging.tiff.TiffProcessingException;
import com.drew.lang.RandomAccessReader;
import com.drew.metadata.Metadata;
import com.drew.metadata.exif.ExifIFD0Directory;
import com.drew.metadata.tiff.DirectoryTiffHandler;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Takes the single values of the first directory of a TIFF structure and nothing else: what is longer is not read, because a
 * small block can hold a thousand tags whose values are the whole block each.
 */
final class ShortValues extends DirectoryTiffHandler {

    private static final int MARK = 42;
    private static final int LONGEST_BYTES = 8;

    ShortValues(Metadata metadata) {
        super(metadata, null);
    }

    @Override
    public void setTiffMarker(int marker) throws TiffProcessingException {
        if (marker != MARK) {
            throw new TiffProcessingException("marked " + marker);
        }
        pushDirectory(ExifIFD0Directory.class);
    }

    @Override
    public boolean customProcessTag(
            int tagOffset,
            Set<Integer> processedIfdOffsets,
            int tiffHeaderOffset,
            RandomAccessReader reader,
            int tagId,
            int byteCount) {
        return byteCount > LONGEST_BYTES;
    }

    @Override
    public @Nullable Long tryCustomProcessFormat(int tagId, int formatCode, long componentCount) {
        return null;
    }

    @Override
    public boolean tryEnterSubIfd(int tagId) {
        return false;
    }

    @Override
    public boolean hasFollowerIfd() {
        return false;
    }
}
