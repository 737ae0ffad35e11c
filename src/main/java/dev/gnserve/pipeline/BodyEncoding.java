package dev.gnserve.pipeline;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;
import org.jspecify.annotations.Nullable;

/** Decodes bodies with a {@code Content-Encoding} (RFC 9110, section 8.4.1). */
final class BodyEncoding {

    private static final int CHUNK_BYTES = 1 << 16;

    private BodyEncoding() {}

    /**
     * Decodes a body, at most one byte beyond the limit, so that a small body cannot become a large one.
     *
     * @param share takes the decoded bytes, too; null for none
     * @throws dev.gnserve.failure.FailureException INVALID_REQUEST for an encoding other than gzip and deflate and for broken data,
     *     OVERLOADED if the budget has no room
     */
    static byte[] decode(byte[] body, String encoding, int limit, @Nullable Share share) {
        String name = encoding.strip().toLowerCase(Locale.ROOT);
        ByteArrayOutputStream decoded = new ByteArrayOutputStream(Math.min(limit, CHUNK_BYTES));
        try (InputStream in = stream(body, name)) {
            byte[] chunk = new byte[CHUNK_BYTES];
            for (int count = in.read(chunk); count >= 0 && decoded.size() <= limit; count = in.read(chunk)) {
                int kept = Math.min(count, limit + 1 - decoded.size());
                if (share != null) {
                    share.growBy(kept);
                }
                decoded.write(chunk, 0, kept);
            }
        } catch (IOException e) {
            throw Failure.of(
                            FailureCode.INVALID_REQUEST,
                            "The body cannot be decoded as %s, its Content-Encoding: %s. Send it whole, or without an encoding."
                                    .formatted(name, e.getMessage()),
                            e)
                    .asException();
        }
        return decoded.toByteArray();
    }

    private static InputStream stream(byte[] body, String encoding) throws IOException {
        InputStream in = new ByteArrayInputStream(body);
        return switch (encoding) {
            case "gzip", "x-gzip" -> new GZIPInputStream(in, CHUNK_BYTES);
            case "deflate" ->
                new InflaterInputStream(in, new Inflater(!hasZlibHeader(body)), CHUNK_BYTES) {
                    @Override
                    public void close() throws IOException {
                        super.close();
                        inf.end(); // The stream ends only an inflater that it made.
                    }
                };
            default ->
                throw Failure.of(
                                FailureCode.INVALID_REQUEST,
                                "The body has the Content-Encoding %s. Send it with gzip, with deflate, or without an encoding."
                                        .formatted(encoding))
                        .asException();
        };
    }

    /** Deflate is the zlib format (RFC 1950). Some clients leave its header out. */
    private static boolean hasZlibHeader(byte[] body) {
        return body.length >= 2 && (body[0] & 0x0f) == 8 && (((body[0] & 0xff) << 8) | (body[1] & 0xff)) % 31 == 0;
    }
}
