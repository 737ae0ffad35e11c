package dev.gnserve.image;

import java.io.IOException;
import javax.imageio.stream.ImageInputStreamImpl;

/**
 * An upload as decoders read it. Each read asks whether the work is cancelled, and a decoder that reads on and on behind the end is
 * stopped.
 *
 * <p>Sound files make a decoder look behind their end a few times, once for every bit that it holds in advance.
 */
final class EndingStream extends ImageInputStreamImpl {

    private static final int MOST_READS_BEHIND_THE_END = 1000;

    private final byte[] bytes;
    private final int length;
    private final DecodeWork work;
    private int readsBehindTheEnd;

    /** Over these bytes, which are kept and not copied. */
    EndingStream(byte[] bytes, DecodeWork work) {
        this(bytes, bytes.length, work);
    }

    /** Over the first so many of these bytes. */
    EndingStream(byte[] bytes, int length, DecodeWork work) {
        this.bytes = bytes;
        this.length = length;
        this.work = work;
    }

    @Override
    public int read() throws IOException {
        checkClosed();
        work.goOnNowAndThen();
        bitOffset = 0;
        return isAtEnd() ? -1 : bytes[(int) streamPos++] & 0xFF;
    }

    @Override
    public int read(byte[] into, int offset, int wanted) throws IOException {
        checkClosed();
        work.goOn();
        bitOffset = 0;
        if (wanted == 0) {
            return 0;
        }
        if (isAtEnd()) {
            return -1;
        }
        int count = (int) Math.min(wanted, length - streamPos);
        System.arraycopy(bytes, (int) streamPos, into, offset, count);
        streamPos += count;
        return count;
    }

    @Override
    public long length() {
        return length;
    }

    private boolean isAtEnd() throws CorruptImageException {
        if (streamPos < length) {
            return false;
        }
        if (++readsBehindTheEnd > MOST_READS_BEHIND_THE_END) {
            throw new CorruptImageException("it ends before its pixels");
        }
        return true;
    }
}
