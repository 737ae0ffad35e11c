package dev.gnserve.image;

import dev.gnserve.image.AnimationFrame.Disposal;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import org.jspecify.annotations.Nullable;

/**
 * The frames of an animated PNG (PNG, third edition, section 4.9). A picture before the first frame control is no frame.
 */
final class PngAnimation implements Animation {

    private static final int SIGNATURE_BYTES = 8;
    private static final int HEADER_BYTES = SIGNATURE_BYTES + 12 + 13;
    private static final int PLTE = 0x504C5445;
    private static final int TRNS = 0x74524E53;
    private static final int IDAT = 0x49444154;
    private static final int IEND = 0x49454E44;
    private static final int CONTROL = 0x6163544C;
    private static final int FRAME = 0x6663544C;
    private static final int DATA = 0x66644154;
    private static final int PALETTE = 3;

    private final byte[] bytes;
    private final ByteBuffer file;
    private final ImageReaders readers;
    private final List<Frame> frames = new ArrayList<>();

    /** Chunks that all frames share: the palette and its transparency. */
    private final List<Part> shared = new ArrayList<>();

    private record Part(int at, int length) {}

    private record Frame(int width, int height, int left, int top, int disposal, int blend, List<Part> data) {}

    private PngAnimation(byte[] bytes, ImageReaders readers) throws IOException {
        this.bytes = bytes;
        this.file = ByteBuffer.wrap(bytes);
        this.readers = readers;
        readChunks();
    }

    /** Null if the file is a picture alone. Its chunks must have been read by {@link PngStructure}. */
    static @Nullable PngAnimation read(byte[] bytes, ImageReaders readers) throws IOException {
        PngAnimation animation = new PngAnimation(bytes, readers);
        return animation.frames.isEmpty() ? null : animation;
    }

    private void readChunks() throws IOException {
        int declared = 0;
        int sequence = 0;
        int type = 0;
        for (int at = SIGNATURE_BYTES; type != IEND; at += 12 + file.getInt(at)) {
            int length = file.getInt(at);
            type = file.getInt(at + 4);
            switch (type) {
                case CONTROL -> declared = file.getInt(at + 8);
                case PLTE, TRNS -> {
                    if (length < 0 || length > 3 * 256 || shared.size() == 2) { // They are copied for each frame.
                        throw new CorruptImageException(
                                "its palette or transparency at byte %d has %,d bytes or is there twice"
                                        .formatted(at, length));
                    }
                    shared.add(new Part(at, 12 + length));
                }
                case FRAME -> {
                    requireSound(at, length, sequence++);
                    frames.add(frame(at + 12));
                    Animation.requireFew(frames.size());
                }
                case DATA -> {
                    requireSound(at, length, sequence++);
                    if (frames.isEmpty()) {
                        throw new CorruptImageException("it has data of a frame before its first frame");
                    }
                    frames.get(frames.size() - 1).data.add(new Part(at + 12, length - 4));
                }
                case IDAT -> {
                    if (!frames.isEmpty()) {
                        frames.get(0).data.add(new Part(at + 8, length));
                    }
                }
                default -> {}
            }
        }
        if (frames.size() != declared) {
            throw new CorruptImageException("it declares %d frames and has %d".formatted(declared, frames.size()));
        }
        if (!frames.isEmpty()) {
            requireEightBits();
        }
    }

    private void requireEightBits() throws IOException {
        boolean transparency = shared.stream().anyMatch(part -> file.getInt(part.at + 4) == TRNS);
        if (bytes[24] > 8 || (transparency && bytes[25] != PALETTE)) {
            throw new UnsupportedImageException(
                    bytes[24] > 8
                            ? "its frames have samples of 16 bits; save the animation with 8 bits"
                            : "one colour of its frames is transparent (tRNS); save the animation with an alpha channel");
        }
    }

    private void requireSound(int at, int length, int sequence) throws IOException {
        CRC32 crc = new CRC32();
        crc.update(bytes, at + 4, length + 4);
        if ((int) crc.getValue() != file.getInt(at + 8 + length)) {
            throw new CorruptImageException("the checksum of the chunk at byte %d is wrong".formatted(at));
        }
        if (length < 4 || file.getInt(at + 8) != sequence) {
            throw new CorruptImageException(
                    "the chunk at byte %d is not number %d of the animation".formatted(at, sequence));
        }
    }

    private Frame frame(int at) throws IOException {
        Frame frame = new Frame(
                file.getInt(at),
                file.getInt(at + 4),
                file.getInt(at + 8),
                file.getInt(at + 12),
                bytes[at + 20],
                bytes[at + 21],
                new ArrayList<>());
        if (frame.width < 1
                || frame.height < 1
                || frame.left < 0
                || frame.top < 0
                || (long) frame.left + frame.width > width()
                || (long) frame.top + frame.height > height()) {
            throw new CorruptImageException("its frame %d lies beyond the picture".formatted(frames.size() + 1));
        }
        return frame;
    }

    @Override
    public int frames() {
        return frames.size();
    }

    @Override
    public int width() {
        return file.getInt(16);
    }

    @Override
    public int height() {
        return file.getInt(20);
    }

    @Override
    public AnimationFrame frame(int number, DecodeWork work) throws IOException {
        Frame frame = frames.get(number);
        ImageReader reader = readers.open(ImageFormat.PNG);
        try (ImageInputStream stream = new EndingStream(alone(frame), work)) {
            reader.addIIOReadProgressListener(work);
            reader.setInput(stream, true, true);
            // Restoring what was before the first frame clears it.
            Disposal after = frame.disposal == 1 || (frame.disposal == 2 && number == 0)
                    ? Disposal.CLEAR
                    : frame.disposal == 2 ? Disposal.RESTORE : Disposal.KEEP;
            int[] colors = colors(reader.read(0));
            return new AnimationFrame(
                    frame.width,
                    frame.height,
                    frame.left,
                    frame.top,
                    colors,
                    number == 0 || frame.blend == 0,
                    after,
                    0);
        } finally {
            reader.dispose();
        }
    }

    /** ARGB, without the conversion that Java makes of gray. */
    private static int[] colors(BufferedImage decoded) {
        int width = decoded.getWidth();
        int height = decoded.getHeight();
        if (decoded.getColorModel() instanceof IndexColorModel) {
            return decoded.getRGB(0, 0, width, height, null, 0, width);
        }
        Raster raster = decoded.getRaster();
        int bands = raster.getNumBands();
        int colorBands = bands < 3 ? 1 : 3;
        int[] colors = new int[width * height];
        int[] row = new int[width * bands];
        for (int y = 0, out = 0; y < height; y++) {
            raster.getPixels(0, y, width, 1, row);
            for (int x = 0; x < width; x++, out++) {
                int at = x * bands;
                int alpha = bands > colorBands ? row[at + colorBands] : 255;
                colors[out] = alpha << 24
                        | row[at] << 16
                        | row[at + (colorBands == 3 ? 1 : 0)] << 8
                        | row[at + (colorBands == 3 ? 2 : 0)];
            }
        }
        return colors;
    }

    /** The frame as a file with one picture; decoders do not look at its checksums of the sides and of the data. */
    private byte[] alone(Frame frame) {
        int data = frame.data.stream().mapToInt(Part::length).sum();
        int more = shared.stream().mapToInt(Part::length).sum();
        ByteBuffer alone = ByteBuffer.allocate(HEADER_BYTES + more + 12 + data + 12);
        alone.put(bytes, 0, HEADER_BYTES).putInt(16, frame.width).putInt(20, frame.height);
        shared.forEach(part -> alone.put(bytes, part.at, part.length));
        alone.putInt(data).putInt(IDAT);
        frame.data.forEach(part -> alone.put(bytes, part.at, part.length));
        alone.putInt(0).putInt(0).putInt(IEND).putInt(0);
        return alone.array();
    }
}
