package dev.gnserve.bulk;

import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;

/**
 * One part of the work of several processes that know nothing of each other: who does an image depends on its name alone, so
 * that other images may come and go.
 *
 * @param index from 0
 * @param count of all parts
 */
public record Shard(int index, int count) {

    public static final Shard WHOLE = new Shard(0, 1);

    public Shard {
        if (count < 1 || index < 0 || index >= count) {
            throw new IllegalArgumentException(
                    "shard " + index + "/" + count + ", allowed is 0/N to N-1/N for N parts, as 0/4");
        }
    }

    /**
     * Reads {@code 2/8}.
     *
     * @throws IllegalArgumentException telling what is allowed
     */
    public static Shard of(String text) {
        if (!text.matches("\\d{1,6}/\\d{1,6}")) {
            throw new IllegalArgumentException("shard is \"" + text + "\", allowed is as 0/4");
        }
        int slash = text.indexOf('/');
        return new Shard(Integer.parseInt(text.substring(0, slash)), Integer.parseInt(text.substring(slash + 1)));
    }

    /** Whether this part does the image of this name. */
    boolean has(String name) {
        CRC32 crc = new CRC32();
        crc.update(name.getBytes(StandardCharsets.UTF_8));
        return crc.getValue() % count == index;
    }
}
