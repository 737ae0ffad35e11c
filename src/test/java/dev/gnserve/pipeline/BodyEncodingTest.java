package dev.gnserve.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.failure.FailureException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

class BodyEncodingTest {

    private final byte[] body = random(200_000);

    @Test
    void aBodyIsDecodedWhateverTheCaseOfItsEncoding() throws IOException {
        assertThat(BodyEncoding.decode(gzip(body), "GZIP", body.length, null)).isEqualTo(body);
        assertThat(BodyEncoding.decode(gzip(body), "x-gzip", body.length, null)).isEqualTo(body);
        assertThat(BodyEncoding.decode(deflate(body), " deflate ", body.length, null))
                .isEqualTo(body);
        assertThat(BodyEncoding.decode(gzip(new byte[0]), "gzip", body.length, null))
                .isEmpty();
    }

    @Test
    void decodingEndsOneByteBeyondTheLimit() throws IOException {
        assertThat(BodyEncoding.decode(gzip(new byte[10_000_000]), "gzip", 100_000, null))
                .hasSize(100_001);
    }

    @Test
    void decodedBytesCountAgainstTheBudget() throws IOException {
        UploadBudget budget = new UploadBudget(150_000, Duration.ofMillis(1));
        byte[] packed = gzip(body);
        try (Share others = budget.take(100_000);
                Share share = budget.take(0)) {
            assertThat(others).isNotNull();
            assertThatThrownBy(() -> BodyEncoding.decode(packed, "gzip", body.length, share))
                    .isInstanceOf(FailureException.class)
                    .hasMessageContaining("max-upload-size-in-flight");
        }
        budget.take(150_000).close();
    }

    @Test
    void brokenDataAndOtherEncodingsAreRefused() throws IOException {
        byte[] cut = Arrays.copyOf(gzip(body), 1_000);

        assertThatThrownBy(() -> BodyEncoding.decode(cut, "gzip", body.length, null))
                .hasMessageContaining("cannot be decoded as gzip");
        assertThatThrownBy(() -> BodyEncoding.decode(random(100), "deflate", body.length, null))
                .hasMessageContaining("cannot be decoded as deflate");
        assertThatThrownBy(() -> BodyEncoding.decode(new byte[0], "gzip", body.length, null))
                .hasMessageContaining("cannot be decoded as gzip");
        assertThatThrownBy(() -> BodyEncoding.decode(body, "br", body.length, null))
                .hasMessageContaining("Content-Encoding br");
        assertThatThrownBy(() -> BodyEncoding.decode(body, "gzip, gzip", body.length, null))
                .hasMessageContaining("Content-Encoding gzip, gzip");
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(7).nextBytes(bytes);
        return bytes;
    }

    private static byte[] gzip(byte[] bytes) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(packed)) {
            out.write(bytes);
        }
        return packed.toByteArray();
    }

    private static byte[] deflate(byte[] bytes) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (OutputStream out = new DeflaterOutputStream(packed)) {
            out.write(bytes);
        }
        return packed.toByteArray();
    }
}
