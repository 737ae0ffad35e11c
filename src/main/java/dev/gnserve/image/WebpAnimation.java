package dev.gnserve.image;

import dev.gnserve.image.AnimationFrame.Disposal;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The frames of an animated WebP file (RFC 9649, section 2.7.1). Areas that are cleared become transparent, as libwebp does. */
final class WebpAnimation implements Animation {

    private static final int VP8 = 0x20385056;
    private static final int VP8L = 0x4C385056;
    private static final int ALPH = 0x48504C41;
    private static final int ANMF = 0x464D4E41;
    private static final int RIFF_HEADER_BYTES = 12;
    private static final int FRAME_HEADER_BYTES = 16;
    private static final int CANVAS = RIFF_HEADER_BYTES + 8 + 4;

    private final byte[] bytes;
    private final ByteBuffer file;
    private final List<Frame> frames = new ArrayList<>();

    private record Chunk(int type, int from, int end) {}

    private record Frame(
            int left,
            int top,
            int width,
            int height,
            int flags,
            Chunk picture,
            @Nullable Chunk alpha) {}

    private WebpAnimation(byte[] bytes) throws IOException {
        this.bytes = bytes;
        this.file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        for (Chunk chunk : chunks(RIFF_HEADER_BYTES, 8 + file.getInt(4))) {
            if (chunk.type == ANMF) {
                frames.add(frame(chunk));
                Animation.requireFew(frames.size());
            }
        }
    }

    /** Null if the file is a picture alone. Its chunks must have been read by {@link WebpStructure}. */
    static @Nullable WebpAnimation read(byte[] bytes) throws IOException {
        WebpAnimation animation = new WebpAnimation(bytes);
        return animation.frames.isEmpty() ? null : animation;
    }

    private List<Chunk> chunks(int begin, int stop) throws IOException {
        List<Chunk> chunks = new ArrayList<>();
        for (long at = begin; at + 8 <= stop; ) {
            long length = Integer.toUnsignedLong(file.getInt((int) at + 4));
            if (at + 8 + length > stop) {
                throw new CorruptImageException("the chunk at byte %d runs over its end".formatted(at));
            }
            chunks.add(new Chunk(file.getInt((int) at), (int) at + 8, (int) (at + 8 + length)));
            at += 8 + length + (length & 1);
        }
        return chunks;
    }

    private Frame frame(Chunk chunk) throws IOException {
        int at = chunk.from;
        Chunk picture = null;
        Chunk alpha = null;
        for (Chunk inner : chunks(at + FRAME_HEADER_BYTES, chunk.end)) {
            if (picture == null && (inner.type == VP8 || inner.type == VP8L)) {
                picture = inner;
            } else if (alpha == null && inner.type == ALPH) {
                alpha = inner;
            }
        }
        int number = frames.size() + 1;
        if (picture == null) {
            throw new CorruptImageException("its frame %d has no chunk of image data".formatted(number));
        }
        Frame frame = new Frame(
                2 * u24(at),
                2 * u24(at + 3),
                u24(at + 6) + 1,
                u24(at + 9) + 1,
                bytes[at + 15],
                picture,
                picture.type == VP8 ? alpha : null);
        if (frame.left + frame.width > width() || frame.top + frame.height > height()) {
            throw new CorruptImageException("its frame %d lies beyond the canvas".formatted(number));
        }
        boolean lossless = picture.type == VP8L;
        int sizes = lossless ? file.getInt(picture.from + 1) : 0;
        int stored = lossless ? (sizes & 0x3FFF) + 1 : file.getShort(picture.from + 6) & 0x3FFF;
        int rows = lossless ? (sizes >> 14 & 0x3FFF) + 1 : file.getShort(picture.from + 8) & 0x3FFF;
        if (stored != frame.width || rows != frame.height) {
            throw new CorruptImageException("its frame %d is %d x %d pixels and its image data %d x %d"
                    .formatted(number, frame.width, frame.height, stored, rows));
        }
        return frame;
    }

    @Override
    public int frames() {
        return frames.size();
    }

    @Override
    public int width() {
        return u24(CANVAS) + 1;
    }

    @Override
    public int height() {
        return u24(CANVAS + 3) + 1;
    }

    @Override
    public AnimationFrame frame(int number, DecodeWork work) throws IOException {
        Frame frame = frames.get(number);
        Chunk data = frame.picture;
        int[] colors = data.type == VP8L
                ? Vp8l.colors(bytes, data.from, data.end, work)
                : colors(Vp8.decode(bytes, data.from, data.end, work), alpha(frame, work));
        return new AnimationFrame(
                frame.width,
                frame.height,
                frame.left,
                frame.top,
                colors,
                number == 0 || (frame.flags & 2) != 0,
                (frame.flags & 1) != 0 ? Disposal.CLEAR : Disposal.KEEP,
                0);
    }

    private static int[] colors(UprightImage picture, byte @Nullable [] alpha) {
        byte[] samples = (byte[]) picture.samples();
        int[] colors = new int[picture.width() * picture.height()];
        for (int i = 0, at = 0; i < colors.length; i++, at += 3) {
            colors[i] = (alpha == null ? 255 : alpha[i] & 0xFF) << 24
                    | (samples[at] & 0xFF) << 16
                    | (samples[at + 1] & 0xFF) << 8
                    | (samples[at + 2] & 0xFF);
        }
        return colors;
    }

    /** The alpha of a lossy frame (RFC 9649, section 2.7.1.2); null if it is opaque. */
    private byte @Nullable [] alpha(Frame frame, DecodeWork work) throws IOException {
        Chunk chunk = frame.alpha;
        if (chunk == null) {
            return null;
        }
        int width = frame.width;
        int height = frame.height;
        byte[] alpha = new byte[width * height];
        int header = chunk.from < chunk.end ? bytes[chunk.from] : 0;
        int from = chunk.from + 1;
        if ((header & 3) == 1) {
            int[] green = Vp8l.headless(bytes, from, chunk.end, width, height, work);
            for (int i = 0; i < alpha.length; i++) {
                alpha[i] = (byte) (green[i] >> 8);
            }
        } else if ((header & 3) == 0 && chunk.end - from >= alpha.length) {
            System.arraycopy(bytes, from, alpha, 0, alpha.length);
        } else {
            throw new CorruptImageException(
                    "the transparency at byte %d ends early or is compressed in a way that is not defined"
                            .formatted(chunk.from));
        }
        unfilter(alpha, width, header >> 2 & 3);
        return alpha;
    }

    private static void unfilter(byte[] alpha, int width, int filter) {
        for (int i = 0; filter != 0 && i < alpha.length; i++) {
            int left = i % width == 0 ? 0 : alpha[i - 1] & 0xFF;
            int above = i < width ? 0 : alpha[i - width] & 0xFF;
            int corner = i < width || i % width == 0 ? 0 : alpha[i - width - 1] & 0xFF;
            // In the first row the left neighbour predicts, in the first column that above.
            int predicted = i < width
                    ? left
                    : i % width == 0
                            ? above
                            : switch (filter) {
                                case 1 -> left;
                                case 2 -> above;
                                default -> Math.max(0, Math.min(255, left + above - corner));
                            };
            alpha[i] += (byte) predicted;
        }
    }

    private int u24(int at) {
        return Short.toUnsignedInt(file.getShort(at)) | (bytes[at + 2] & 0xFF) << 16;
    }
}
