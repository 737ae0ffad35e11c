package dev.gnserve.access;

import static java.lang.System.Logger.Level.ERROR;
import static java.lang.System.Logger.Level.INFO;

import dev.gnserve.failure.MisconfiguredException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A set of keys, kept as their SHA-256: neither a heap dump nor a message can tell one. A file of keys that changes is read again, so that
 * keys change without a restart. Thread-safe.
 *
 * <p>A key is compared with every key of the set to the end, whatever the first ones say, so that the time tells nothing
 * about how much of a guess was right.
 */
final class ApiKeys {

    private static final System.Logger LOG = System.getLogger(ApiKeys.class.getName());

    private static final int SHORTEST = 16;

    /** {@code ID: KEY}. */
    private static final Pattern NAMED = Pattern.compile("([A-Za-z0-9._-]{1,64}):\\s+(.+)");

    private static final long BETWEEN_LOOKS = Duration.ofSeconds(1).toNanos();

    /**
     * One key.
     *
     * @param id given in the file, or the first digits of the key's SHA-256
     */
    @SuppressWarnings("ArrayRecordComponent") // Compared in constant time.
    private record Key(String id, byte[] digest) {}

    private final List<Key> configured;
    private final @Nullable Path file;
    private final LongSupplier nanos;
    private final Object lock = new Object();
    private volatile List<Key> all;
    private volatile long looked;
    private String state; // of the file; guarded by lock

    private ApiKeys(List<Key> configured, @Nullable Path file, LongSupplier nanos) {
        this.configured = configured;
        this.file = file;
        this.nanos = nanos;
        this.looked = nanos.getAsLong();
        this.state = file == null ? "" : state(file);
        this.all = file == null ? configured : with(file);
    }

    /**
     * Keys from the configuration and from a file, one a line; blank lines and those that begin with # do not count.
     *
     * @throws MisconfiguredException for a key of fewer than 16 characters, without naming it, and for a file that cannot
     *     be read or has no key
     */
    static ApiKeys of(List<String> keys, @Nullable Path file) {
        return of(keys, file, System::nanoTime);
    }

    /** @param nanos a clock that only moves forward */
    static ApiKeys of(List<String> keys, @Nullable Path file, LongSupplier nanos) {
        return new ApiKeys(keys(keys), file, nanos);
    }

    private List<Key> with(Path readable) {
        List<Key> ofFile = keys(lines(readable));
        if (ofFile.isEmpty()) {
            throw new MisconfiguredException("the file of API keys has none, which would let everybody in: " + readable
                    + "; write one key a line, or leave the file out");
        }
        List<Key> both = new ArrayList<>(configured);
        both.addAll(ofFile);
        return List.copyOf(both);
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readString(file, StandardCharsets.UTF_8)
                    .replaceFirst("^\uFEFF", "") // Some editors write a byte order mark.
                    .lines()
                    .toList();
        } catch (IOException e) {
            throw new MisconfiguredException(
                    "the file of API keys cannot be read as text (" + e + "): " + file
                            + "; mount or name a file with one key a line",
                    e);
        }
    }

    private static List<Key> keys(List<String> lines) {
        return lines.stream()
                .map(String::strip)
                .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                .map(ApiKeys::key)
                .toList();
    }

    private static Key key(String line) {
        Matcher named = NAMED.matcher(line);
        String key = named.matches() ? named.group(2) : line;
        if (key.length() < SHORTEST) {
            throw new MisconfiguredException("an API key has " + key.length() + " characters, allowed are " + SHORTEST
                    + " or more; openssl rand -hex 24 makes a good one");
        }
        byte[] digest = digest(key);
        return new Key(named.matches() ? named.group(1) : HexFormat.of().formatHex(digest, 0, 4), digest);
    }

    boolean isEmpty() {
        return all.isEmpty();
    }

    boolean contains(String key) {
        return id(key) != null;
    }

    /** The id of a key; null for a key that is not in the set. */
    @Nullable
    String id(String key) {
        byte[] given = digest(key);
        String found = null;
        for (Key known : current()) {
            found = MessageDigest.isEqual(known.digest(), given) ? known.id() : found;
        }
        return found;
    }

    private List<Key> current() {
        long now = nanos.getAsLong();
        if (file != null && now - looked >= BETWEEN_LOOKS) {
            synchronized (lock) {
                looked = now;
                readAgain(file);
            }
        }
        return all;
    }

    /** A file that cannot be read any more changes nothing: the keys stay as they are. */
    private void readAgain(Path changed) {
        String next = state(changed);
        if (next.equals(state)) {
            return;
        }
        state = next;
        try {
            all = with(changed);
            LOG.log(
                    INFO,
                    () -> "the API keys of " + changed + " changed: "
                            + all.stream().map(Key::id).toList());
        } catch (MisconfiguredException e) {
            LOG.log(ERROR, () -> "the API keys stay as they are: " + e.getMessage());
        }
    }

    /** What changes when the file does, also where it is a link that leads to another file, as in a volume of Kubernetes. */
    private static String state(Path file) {
        try {
            BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
            return file.toRealPath() + " " + now.lastModifiedTime() + " " + now.size() + " " + now.fileKey();
        } catch (IOException e) {
            return e.toString();
        }
    }

    private static byte[] digest(String key) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
