package dev.gnserve.image;

import dev.gnserve.image.AnimationFrame.Disposal;
import java.awt.image.Raster;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;

/**
 * The frames of a GIF file (GIF89a, sections 18, 20 and 23). An area that is cleared gets the transparent colour of its frame, or else
 * the background colour, as Pillow does.
 */
final class GifAnimation implements Animation {

    private static final int EXTENSION = 0x21;
    private static final int GRAPHIC_CONTROL = 0xF9;
    private static final int IMAGE = 0x2C;
    private static final int TRAILER = 0x3B;
    private static final int HEADER_BYTES = 13;
    private static final int FRAME_BYTES = 10;
    private static final int INTERLACED = 0x40;
    private static final int NONE = -1;

    private final byte[] bytes;
    private final ByteBuffer file;
    private final ImageReaders readers;
    private final Canvas screen;
    private final List<Block> blocks = new ArrayList<>();

    /**
     * A frame in the file.
     *
     * @param at its descriptor
     * @param end behind its data
     * @param transparent index of a colour, or -1
     */
    private record Block(int at, int end, int disposal, int transparent) {}

    private GifAnimation(byte[] bytes, ImageLimits limits, ImageReaders readers) throws IOException {
        this.bytes = bytes;
        this.file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        this.readers = readers;
        this.screen = GifStructure.read(bytes, limits).screen();
        try {
            readBlocks(limits);
        } catch (IndexOutOfBoundsException e) {
            throw new CorruptImageException("it ends in or behind its frame %d".formatted(blocks.size() + 1));
        }
    }

    static GifAnimation read(byte[] bytes, ImageLimits limits, ImageReaders readers) throws IOException {
        return new GifAnimation(bytes, limits, readers);
    }

    private void readBlocks(ImageLimits limits) throws IOException {
        int at = HEADER_BYTES + colorTableBytes(bytes[10]);
        int disposal = 0;
        int transparent = NONE;
        while (at < bytes.length && bytes[at] != TRAILER) { // Some writers leave the trailer out.
            if (bytes[at] == EXTENSION) {
                if ((bytes[at + 1] & 0xFF) == GRAPHIC_CONTROL) {
                    disposal = bytes[at + 3] >> 2 & 7;
                    transparent = (bytes[at + 3] & 1) == 0 ? NONE : bytes[at + 6] & 0xFF;
                }
                at = behindBlocks(at + 2);
            } else if (bytes[at] == IMAGE) {
                limits.check(ImageFormat.GIF, u16(at + 5), u16(at + 7));
                requireOnScreen(at);
                int end = behindBlocks(at + FRAME_BYTES + colorTableBytes(bytes[at + FRAME_BYTES - 1]) + 1);
                blocks.add(new Block(at, end, disposal, transparent));
                Animation.requireFew(blocks.size());
                disposal = 0;
                transparent = NONE;
                at = end;
            } else if (bytes[at] == 0) {
                at++; // Viewers pass over zeros between blocks, too.
            } else {
                throw new CorruptImageException("byte %d should begin a frame".formatted(at));
            }
        }
    }

    /** The plan of memory counts the screen. */
    private void requireOnScreen(int at) throws IOException {
        if (u16(at + 1) + u16(at + 5) > width() || u16(at + 3) + u16(at + 7) > height()) {
            throw new UnsupportedImageException(
                    "its frame %d lies beyond its screen of %d x %d pixels; save the animation again with frames within it"
                            .formatted(blocks.size() + 1, width(), height()));
        }
    }

    @Override
    public int frames() {
        return blocks.size();
    }

    @Override
    public int width() {
        return screen.width();
    }

    @Override
    public int height() {
        return screen.height();
    }

    @Override
    public AnimationFrame frame(int number, DecodeWork work) throws IOException {
        Block block = blocks.get(number);
        int[] palette = palette(block);
        ImageReader reader = readers.open(ImageFormat.GIF);
        try (ImageInputStream stream = new EndingStream(alone(block), work)) {
            reader.addIIOReadProgressListener(work);
            reader.setInput(stream, true, true);
            Raster indices = GifRows.read(reader).getRaster();
            // As Pillow: what was before the first frame is its transparent colour, or nothing that could be restored.
            boolean clears = block.disposal == 2 || (block.disposal == 3 && number == 0 && block.transparent != NONE);
            boolean restores = block.disposal == 3 && number > 0;
            Disposal after = clears ? Disposal.CLEAR : restores ? Disposal.RESTORE : Disposal.KEEP;
            int background = bytes[11] & 0xFF;
            return new AnimationFrame(
                    indices.getWidth(),
                    indices.getHeight(),
                    u16(block.at + 1),
                    u16(block.at + 3),
                    colors(indices, palette, block.transparent),
                    number == 0,
                    after,
                    block.transparent == NONE ? palette[background] | 0xFF000000 : palette[block.transparent]);
        } finally {
            reader.dispose();
        }
    }

    private static int[] colors(Raster indices, int[] palette, int transparent) {
        int width = indices.getWidth();
        int height = indices.getHeight();
        int[] colors = indices.getSamples(0, 0, width, height, 0, new int[width * height]);
        for (int i = 0; i < colors.length; i++) {
            int index = colors[i];
            colors[i] = index == transparent ? palette[index] : palette[index] | 0xFF000000;
        }
        return colors;
    }

    /** 256 colours without alpha, that of the frame or else of the file; black where it has fewer. */
    private int[] palette(Block block) throws IOException {
        boolean own = (bytes[block.at + FRAME_BYTES - 1] & 0x80) != 0;
        int length = colorTableBytes(own ? bytes[block.at + FRAME_BYTES - 1] : bytes[10]);
        int at = own ? block.at + FRAME_BYTES : HEADER_BYTES;
        if (length == 0) {
            throw new UnsupportedImageException("its frames have no colour table; save it with one");
        }
        int[] palette = new int[256];
        for (int i = 0; i < length / 3; i++, at += 3) {
            palette[i] = (bytes[at] & 0xFF) << 16 | (bytes[at + 1] & 0xFF) << 8 | (bytes[at + 2] & 0xFF);
        }
        return palette;
    }

    /**
     * A file with one frame and no extension. Its colour table has 256 entries: with fewer, the decoder cuts off bits of the index of a
     * transparent colour beyond them.
     */
    private byte[] alone(Block block) {
        int data = block.at + FRAME_BYTES + colorTableBytes(bytes[block.at + FRAME_BYTES - 1]);
        ByteBuffer alone = ByteBuffer.allocate(HEADER_BYTES + FRAME_BYTES + 3 * 256 + block.end - data + 1);
        alone.put(bytes, 0, HEADER_BYTES).put(10, (byte) 0);
        alone.put(bytes, block.at, FRAME_BYTES);
        alone.put(HEADER_BYTES + FRAME_BYTES - 1, (byte) ((bytes[block.at + FRAME_BYTES - 1] & INTERLACED) | 0x87));
        alone.position(HEADER_BYTES + FRAME_BYTES + 3 * 256);
        alone.put(bytes, data, block.end - data).put((byte) TRAILER);
        return alone.array();
    }

    private int behindBlocks(int from) {
        int at = from;
        while (bytes[at] != 0) {
            at += 1 + (bytes[at] & 0xFF);
        }
        return at + 1;
    }

    private int u16(int at) {
        return Short.toUnsignedInt(file.getShort(at));
    }

    private static int colorTableBytes(byte flags) {
        return (flags & 0x80) == 0 ? 0 : 3 << ((flags & 7) + 1);
    }
}
