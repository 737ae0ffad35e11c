package dev.gnserve.access;

import dev.gnserve.failure.MisconfiguredException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A set of keys, kept as their SHA-256: neither a heap dump nor a message can tell one. Thread-safe.
 *
 * <p>A key is compared with every key of the set to the end, whatever the first ones say, so that the time tells nothing
 * about how much of a guess was right.
 */
final class ApiKeys {

    private static final int SHORTEST = 16;

    private final List<byte[]> digests;

    private ApiKeys(List<byte[]> digests) {
        this.digests = List.copyOf(digests);
    }

    /**
     * Keys from the configuration and from a file, one a line; blank lines and those that begin with # do not count.
     *
     * @throws MisconfiguredException for a key of fewer than 16 characters, without naming it, and for a file that cannot
     *     be read or has no key
     */
    static ApiKeys of(List<String> keys, @Nullable Path file) {
        List<byte[]> digests = new ArrayList<>(digests(keys));
        if (file != null) {
            List<byte[]> ofFile = digests(lines(file));
            if (ofFile.isEmpty()) {
                throw new MisconfiguredException("the file of API keys has none, which would let everybody in: " + file
                        + "; write one key a line, or leave the file out");
            }
            digests.addAll(ofFile);
        }
        return new ApiKeys(digests);
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new MisconfiguredException(
                    "the file of API keys cannot be read as text (" + e + "): " + file
                            + "; mount or name a file with one key a line",
                    e);
        }
    }

    private static List<byte[]> digests(List<String> lines) {
        return lines.stream()
                .map(String::strip)
                .filter(key -> !key.isEmpty() && !key.startsWith("#"))
                .map(ApiKeys::digestOfLongEnough)
                .toList();
    }

    boolean isEmpty() {
        return digests.isEmpty();
    }

    boolean contains(String key) {
        byte[] given = digest(key);
        boolean found = false;
        for (byte[] known : digests) {
            found |= MessageDigest.isEqual(known, given);
        }
        return found;
    }

    private static byte[] digestOfLongEnough(String key) {
        if (key.length() < SHORTEST) {
            throw new MisconfiguredException("an API key has " + key.length() + " characters, allowed are " + SHORTEST
                    + " or more; openssl rand -hex 24 makes a good one");
        }
        return digest(key);
    }

    private static byte[] digest(String key) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
