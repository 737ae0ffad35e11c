package dev.gnserve.image;

import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.InflaterInputStream;
import org.jspecify.annotations.Nullable;

/** Decodes TIFF pages row by row that are not compressed as JPEG (TIFF 6.0). */
final class TiffRows {

    private static final int HORIZONTAL_DIFFERENCES = 2;
    private static final int REVERSED_BITS = 2;

    private final TiffPage page;
    private final DecodeWork work;
    private final boolean bigEndian;
    private final boolean differences;
    private final boolean reversed;
    private final int bits;
    private final int width;
    /** Samples of a pixel that are taken, without alpha; of a palette, its colours. */
    private final int channels;

    /** Samples of a pixel in one row of the file. */
    private final int step;

    /** Whether the colours are CMYK. */
    private final boolean ink;

    private final int[] palette;
    private final byte[] samples;
    private final short[] samples16;
    private final float[] samplesOfAnyRange;
    /** Of every pixel, on the scale of its samples; empty unless the colours are multiplied by it. */
    private final short[] alpha;

    private final byte[] row;
    private final int[] line;
    private final float[] numberLine;
    /** Null for unsigned samples of up to 16 bits. */
    private final @Nullable TiffNumbers numbers;
    /** Null for other colours than YCbCr. */
    private final @Nullable TiffUnits units;
    /** Whether a row holds the samples of the picture as they are, of 8 or 16 bits, up to differences and the order of bytes. */
    private final boolean asStored;

    private TiffRows(TiffPage page, DecodeWork work) throws IOException {
        this.page = page;
        this.work = work;
        this.bigEndian = page.directory().order() == ByteOrder.BIG_ENDIAN;
        int predictor =
                page.compression().isPredicted() ? (int) page.directory().number(TiffTag.PREDICTOR, 1) : 1;
        this.differences = predictor == HORIZONTAL_DIFFERENCES;
        this.reversed = page.directory().number(TiffTag.FILL_ORDER, 1) == REVERSED_BITS;
        this.bits = page.samples().bits();
        this.width = page.width();
        this.step = page.isPlanar() ? 1 : page.samples().count();
        this.palette = page.samples().photometric() == TiffSamples.PALETTE ? palette() : new int[0];
        this.ink = page.samples().photometric() == TiffSamples.CMYK;
        this.channels = page.samples().photometric() == TiffSamples.PALETTE && !isGray(palette)
                ? 3
                : page.samples().colors();
        boolean any = page.samples().areNumbers();
        boolean deep = bits > 8 && !ink;
        int length = width * page.height() * channels;
        this.samples = new byte[any || deep ? 0 : length];
        this.samples16 = new short[deep && !any ? length : 0];
        this.samplesOfAnyRange = new float[any ? length : 0];
        this.alpha = new short[page.samples().premultiplied() ? width * page.height() : 0];
        int rowSamples = page.tileWidth() * step;
        this.line = new int[any ? 0 : rowSamples];
        this.numberLine = new float[any ? rowSamples : 0];
        this.units = page.samples().photometric() == TiffSamples.YCBCR ? new TiffUnits(page.directory()) : null;
        this.row = new byte
                [units == null
                        ? Math.toIntExact(((long) rowSamples * bits + 7) / 8)
                        : units.rowBytes(page.tileWidth())];
        this.asStored = (bits == 8 || (bits == 16 && !ink))
                && !any
                && units == null
                && palette.length == 0
                && alpha.length == 0
                && step == channels
                && page.samples().photometric() != TiffSamples.WHITE_IS_ZERO;
        this.numbers = any ? new TiffNumbers(page.samples(), bigEndian, predictor, step, row.length) : null;
    }

    static UprightImage read(TiffPage page, DecodeWork work) throws IOException {
        TiffRows rows = new TiffRows(page, work);
        int tiles = page.across() * page.down();
        int planes = page.isPlanar() ? page.samples().colors() + (rows.alpha.length > 0 ? 1 : 0) : 1;
        for (int plane = 0; plane < planes; plane++) {
            for (int tile = 0; tile < tiles; tile++) {
                rows.tile(tile, plane, plane * tiles + tile);
            }
        }
        return rows.image();
    }

    private UprightImage image() {
        if (alpha.length > 0) {
            divideByAlpha();
        }
        if (numbers != null) {
            return UprightImage.ofNumbers(
                    width,
                    page.height(),
                    channels,
                    samplesOfAnyRange,
                    page.samples().described());
        }
        if (units != null) {
            JpegColors.lumaChromaToRgb(samples, 3);
        }
        if (ink) {
            return UprightImage.of8Bit(width, page.height(), 3, JpegColors.inkToRgb(samples));
        }
        UprightImage image = samples16.length > 0
                ? UprightImage.of16Bit(width, page.height(), channels, samples16)
                : UprightImage.of8Bit(width, page.height(), channels, samples);
        boolean whiteIsZero = page.samples().photometric() == TiffSamples.WHITE_IS_ZERO;
        boolean asInFile = palette.length > 0 || (bits % 8 == 0 && !whiteIsZero);
        return asInFile ? image : image.withScale(new FileScale((1 << bits) - 1, whiteIsZero));
    }

    private void tile(int tile, int plane, int strip) throws IOException {
        int left = tile % page.across() * page.tileWidth();
        int top = tile / page.across() * page.tileHeight();
        int columns = Math.min(page.tileWidth(), width - left);
        int rows = Math.min(page.tileHeight(), page.height() - top);
        try (InputStream in = stream(strip)) {
            int rowsAtOnce = units == null ? 1 : units.rows();
            for (int y = 0; y < rows; y += rowsAtOnce) {
                work.goOn();
                if (in.readNBytes(row, 0, row.length) < row.length) {
                    throw new CorruptImageException("its strip or tile %d ends before its pixels".formatted(strip));
                }
                int pixel = (top + y) * width + left;
                if (units != null) {
                    units.take(row, samples, 3 * pixel, 3 * width, columns, Math.min(rowsAtOnce, rows - y));
                } else if (numbers != null) {
                    numbers.unpack(row, numberLine);
                    takeNumbers(pixel, plane, columns);
                } else if (asStored) {
                    copy(pixel * channels, columns * channels);
                } else {
                    unpack();
                    take(pixel, plane, columns);
                }
            }
        }
    }

    private InputStream stream(int strip) throws IOException {
        byte[] file = page.file();
        int from = (int) page.offsets()[strip];
        // Where nothing is compressed, some writers give wrong lengths.
        int length = page.compression() == TiffCompression.NONE ? file.length - from : (int) page.lengths()[strip];
        InputStream in = new ByteArrayInputStream(file, from, length);
        if (reversed) {
            in = new ReversedBits(in);
        }
        return switch (page.compression()) {
            case NONE -> in;
            case LZW -> new LzwStream(file, from, length, reversed);
            case PACK_BITS -> new PackBitsStream(file, from, length, reversed);
            case DEFLATE -> new InflaterInputStream(in);
            case FAX_RUNS, FAX_3, FAX_4 ->
                new FaxStream(in, page.compression().fax(page.directory()), page.tileWidth());
            case JPEG, OLD_STYLE_JPEG -> throw new IllegalStateException("JPEG has no rows");
        };
    }

    /** Copies samples of the row into the picture: what {@link #unpack} and {@link #take} do, without numbers between. */
    private void copy(int at, int count) {
        if (bits == 8) {
            System.arraycopy(row, 0, samples, at, count);
        } else {
            ByteBuffer.wrap(row).order(page.directory().order()).asShortBuffer().get(samples16, at, count);
        }
        if (differences) {
            for (int i = at + step; i < at + count; i++) {
                if (bits == 8) {
                    samples[i] += samples[i - step];
                } else {
                    samples16[i] += samples16[i - step];
                }
            }
        }
    }

    /** The samples of a row as numbers, without differences. */
    private void unpack() {
        if (bits == 8) {
            for (int i = 0; i < line.length; i++) {
                line[i] = row[i] & 0xFF;
            }
        } else if (bits == 16) {
            for (int i = 0; i < line.length; i++) {
                int one = row[2 * i] & 0xFF;
                int two = row[2 * i + 1] & 0xFF;
                line[i] = bigEndian ? (one << 8) | two : (two << 8) | one;
            }
        } else {
            unpackBits();
        }
        if (differences) {
            int most = (1 << bits) - 1;
            for (int i = step; i < line.length; i++) {
                line[i] = (line[i] + line[i - step]) & most;
            }
        }
    }

    private void unpackBits() {
        int held = 0;
        int count = 0;
        int at = 0;
        for (int i = 0; i < line.length; i++) {
            while (count < bits) {
                held = (held << 8) | (row[at++] & 0xFF);
                count += 8;
            }
            count -= bits;
            line[i] = (held >> count) & ((1 << bits) - 1);
        }
    }

    /** Puts pixels of the row into the picture, from this pixel on. */
    private void take(int pixel, int plane, int columns) {
        int most = (1 << bits) - 1;
        int colors = page.samples().colors();
        boolean inverted = page.samples().photometric() == TiffSamples.WHITE_IS_ZERO;
        if (plane < colors) {
            int taken = page.isPlanar() ? 1 : colors;
            int out = pixel * channels + plane;
            for (int x = 0; x < columns; x++, out += channels) {
                for (int c = 0; c < taken; c++) {
                    int value = line[x * step + c];
                    if (palette.length > 0) {
                        putColor(out, palette[value]);
                    } else {
                        put(out + c, widened(inverted ? most - value : value));
                    }
                }
            }
        }
        if (alpha.length > 0 && (plane == colors || !page.isPlanar())) {
            int at = page.isPlanar() ? 0 : colors;
            for (int x = 0; x < columns; x++) {
                alpha[pixel + x] = (short) widened(line[x * step + at]);
            }
        }
    }

    private void takeNumbers(int pixel, int plane, int columns) throws UnsupportedImageException {
        int taken = page.isPlanar() ? 1 : channels;
        for (int x = 0, out = pixel * channels + plane; x < columns; x++, out += channels) {
            for (int c = 0; c < taken; c++) {
                float number = numberLine[x * step + c];
                if (!Float.isFinite(number)) {
                    throw UnsupportedImageException.ofNumbers();
                }
                samplesOfAnyRange[out + c] = number;
            }
        }
    }

    /** A value of the file on the scale of the picture. */
    private int widened(int value) {
        int most = (1 << bits) - 1;
        int scale = samples16.length > 0 ? 0xFFFF : 0xFF;
        return most == scale ? value : (value * scale + most / 2) / most;
    }

    private void put(int at, int value) {
        if (samples16.length > 0) {
            samples16[at] = (short) value;
        } else {
            samples[at] = (byte) value;
        }
    }

    /** The colours as they were before they were multiplied, as Pillow gives them; black where alpha is 0. */
    private void divideByAlpha() {
        int most = samples16.length > 0 ? 0xFFFF : 0xFF;
        for (int i = 0, at = 0; i < alpha.length; i++) {
            int divisor = alpha[i] & 0xFFFF;
            for (int c = 0; c < channels; c++, at++) {
                long value = samples16.length > 0 ? samples16[at] & 0xFFFF : samples[at] & 0xFF;
                put(at, divisor == 0 ? 0 : (int) Math.min(most, value * most / divisor));
            }
        }
    }

    private void putColor(int at, int color) {
        samples[at] = (byte) (color >> (channels == 1 ? 0 : 16));
        if (channels == 3) {
            samples[at + 1] = (byte) (color >> 8);
            samples[at + 2] = (byte) color;
        }
    }

    /** As RRGGBB: colours of 16 bits, or of 8 bits by some writers. */
    private int[] palette() throws CorruptImageException {
        int colors = 1 << bits;
        long[] values = page.directory().numbers(TiffTag.COLORS, 3L * colors);
        int shift = 0;
        for (long value : values) {
            shift = value > 0xFF ? 8 : shift;
        }
        int[] found = new int[colors];
        for (int i = 0; i < colors; i++) {
            int red = (int) (values[i] >> shift) & 0xFF;
            int green = (int) (values[colors + i] >> shift) & 0xFF;
            int blue = (int) (values[2 * colors + i] >> shift) & 0xFF;
            found[i] = (red << 16) | (green << 8) | blue;
        }
        return found;
    }

    private static boolean isGray(int[] palette) {
        for (int color : palette) {
            if ((color & 0xFF) * 0x010101 != color) {
                return false;
            }
        }
        return true;
    }

    /** Bytes whose lowest bit is the leftmost. */
    private static final class ReversedBits extends FilterInputStream {

        ReversedBits(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            int next = super.read();
            return next < 0 ? next : Integer.reverse(next) >>> 24;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            int count = super.read(into, offset, length);
            for (int i = offset; i < offset + count; i++) {
                into[i] = (byte) (Integer.reverse(into[i]) >>> 24);
            }
            return count;
        }
    }
}
