package dev.gnserve.trial;

import dev.gnserve.archive.ArchiveSnapshot;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * What the trial process is asked.
 *
 * @param token begins the answers to it; the code of an archive, whose output takes the same way, does not know it
 * @param location of the model, for messages
 * @param passBytes memory that its passes may take together; {@link Long#MAX_VALUE} without a limit
 * @param manifest text of its {@code model.yaml}, or null if the archive is to be loaded and nothing more
 */
record Request(
        String token,
        String name,
        String version,
        String location,
        long passBytes,
        @Nullable String manifest,
        ArchiveSnapshot archive) {

    private static final int BUFFER = 1 << 16;

    private static final int TOKEN_BYTES = 16;

    private static final SecureRandom RANDOM = new SecureRandom();

    /** A token that nothing can guess. */
    static String newToken() {
        byte[] bytes = new byte[TOKEN_BYTES];
        RANDOM.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    /** Writes the request. */
    void writeTo(OutputStream stream) throws IOException {
        DataOutputStream out = new DataOutputStream(new BufferedOutputStream(stream, BUFFER));
        out.writeUTF(token);
        out.writeUTF(name);
        out.writeUTF(version);
        out.writeUTF(location);
        out.writeLong(passBytes);
        out.writeUTF(archive.name());
        byte[] text = manifest == null ? new byte[0] : manifest.getBytes(StandardCharsets.UTF_8);
        out.writeInt(manifest == null ? -1 : text.length);
        out.write(text);
        out.writeLong(archive.size());
        try (InputStream in = archive.newInputStream()) {
            in.transferTo(out);
        }
        out.flush();
    }

    /**
     * Reads a request.
     *
     * @return the request, or null at the end of the stream
     * @throws IOException if the stream ends within a request, or there is no room for the archive
     */
    static @Nullable Request read(InputStream stream) throws IOException {
        DataInputStream in = new DataInputStream(stream);
        String token;
        try {
            token = in.readUTF();
        } catch (EOFException e) {
            return null;
        }
        String name = in.readUTF();
        String version = in.readUTF();
        String location = in.readUTF();
        long passBytes = in.readLong();
        String archive = in.readUTF();
        int length = in.readInt();
        String manifest = length < 0 ? null : new String(in.readNBytes(length), StandardCharsets.UTF_8);
        ArchiveSnapshot snapshot = ArchiveSnapshot.read(new Part(in, in.readLong()), archive);
        return new Request(token, name, version, location, passBytes, manifest, snapshot);
    }

    /** So many bytes of another stream. */
    private static final class Part extends InputStream {

        private final InputStream in;
        private long left;

        Part(InputStream in, long left) {
            this.in = in;
            this.left = left;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            if (left == 0) {
                return -1;
            }
            int count = in.read(into, offset, (int) Math.min(length, left));
            if (count < 0) {
                throw new EOFException("the archive ends " + left + " bytes early");
            }
            left -= count;
            return count;
        }
    }
}
