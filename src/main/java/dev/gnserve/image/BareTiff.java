package dev.gnserve.image;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Rewrites a TIFF file for the library that decodes fax and YCbCr: with one directory, and in it only what makes the pixels of the
 * first page, as it was checked. The library reads every value of every directory into objects, and converts colours by profiles.
 */
final class BareTiff {

    private static final int[] TAGS = {
        TiffTag.WIDTH,
        TiffTag.HEIGHT,
        TiffTag.BITS_PER_SAMPLE,
        TiffTag.COMPRESSION,
        TiffTag.PHOTOMETRIC,
        TiffTag.FILL_ORDER,
        TiffTag.STRIP_OFFSETS,
        TiffTag.SAMPLES_PER_PIXEL,
        TiffTag.ROWS_PER_STRIP,
        TiffTag.STRIP_BYTES,
        TiffTag.PLANAR,
        TiffTag.FAX3_OPTIONS,
        TiffTag.FAX4_OPTIONS,
        TiffTag.PREDICTOR,
        TiffTag.TILE_WIDTH,
        TiffTag.TILE_HEIGHT,
        TiffTag.TILE_OFFSETS,
        TiffTag.TILE_BYTES,
        TiffTag.EXTRA_SAMPLES,
        TiffTag.SAMPLE_FORMAT,
        TiffTag.SUBSAMPLING,
        TiffTag.POSITIONING
    };

    private static final int SHORT = 3;
    private static final int LONG = 4;
    private static final int MOST_NUMBERS = 6;

    private final TiffPage page;
    private final int valuesAt;
    private final ByteArrayOutputStream values = new ByteArrayOutputStream();

    private BareTiff(TiffPage page) {
        this.page = page;
        // Values of tags begin at even places.
        this.valuesAt = page.file().length + (page.file().length & 1);
    }

    static byte[] of(TiffPage page) throws CorruptImageException {
        return new BareTiff(page).write();
    }

    private byte[] write() throws CorruptImageException {
        List<ByteBuffer> entries = new ArrayList<>();
        for (int tag : TAGS) {
            long[] numbers = numbers(tag);
            if (numbers.length > 0) {
                entries.add(entry(tag, numbers));
            }
        }
        ByteBuffer bare = ByteBuffer.allocate(valuesAt + values.size() + 2 + 12 * entries.size() + 4)
                .order(page.directory().order());
        bare.put(page.file()).putShort(2, (short) 42).putInt(4, valuesAt + values.size());
        bare.position(valuesAt).put(values.toByteArray()).putShort((short) entries.size());
        entries.forEach(bare::put);
        return bare.array();
    }

    private long[] numbers(int tag) throws CorruptImageException {
        return switch (tag) {
            case TiffTag.STRIP_OFFSETS -> page.isTiled() ? new long[0] : page.offsets();
            case TiffTag.STRIP_BYTES -> page.isTiled() ? new long[0] : page.lengths();
            case TiffTag.TILE_OFFSETS -> page.isTiled() ? page.offsets() : new long[0];
            case TiffTag.TILE_BYTES -> page.isTiled() ? page.lengths() : new long[0];
            case TiffTag.ROWS_PER_STRIP -> page.isTiled() ? new long[0] : new long[] {page.tileHeight()};
            default -> page.directory().numbers(tag, MOST_NUMBERS);
        };
    }

    /** A tag of 12 bytes, whose values go behind the others if they do not fit into it. */
    private ByteBuffer entry(int tag, long[] numbers) {
        boolean small = Arrays.stream(numbers).allMatch(n -> n <= 0xFFFF);
        ByteBuffer content = ByteBuffer.allocate(Math.max(4, numbers.length * (small ? 2 : 4)))
                .order(page.directory().order());
        for (long number : numbers) {
            if (small) {
                content.putShort((short) number);
            } else {
                content.putInt((int) number);
            }
        }
        ByteBuffer entry = ByteBuffer.allocate(12).order(page.directory().order());
        entry.putShort((short) tag).putShort((short) (small ? SHORT : LONG)).putInt(numbers.length);
        if (content.capacity() == 4) {
            entry.put(content.array());
        } else {
            entry.putInt(valuesAt + values.size());
            values.writeBytes(content.array());
        }
        return entry.flip();
    }
}
