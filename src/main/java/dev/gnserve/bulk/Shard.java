package dev.gnserve.bulk;

import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;

/**
 * One part of the images of a folder, for processes that share the work without communication. The name of an image alone decides its
 * shard, so that images can be added or removed.
 *
 * @param index of the shard, from 0
 * @param count of all shards
 */
public record Shard(int index, int count) {

    public static final Shard WHOLE = new Shard(0, 1);

    public Shard {
        if (count < 1 || index < 0 || index >= count) {
            throw new IllegalArgumentException(
                    "shard is " + index + "/" + count + ", allowed is 0/N to N-1/N for N shards, such as 0/4");
        }
    }

    /**
     * Reads {@code 2/8}.
     *
     * @throws IllegalArgumentException for other text
     */
    public static Shard of(String text) {
        if (!text.matches("\\d{1,6}/\\d{1,6}")) {
            throw new IllegalArgumentException("shard is \"" + text + "\", allowed is I/N, such as 0/4");
        }
        int slash = text.indexOf('/');
        return new Shard(Integer.parseInt(text.substring(0, slash)), Integer.parseInt(text.substring(slash + 1)));
    }

    /** Whether the image of this name is in this shard. */
    boolean has(String name) {
        CRC32 crc = new CRC32();
        crc.update(name.getBytes(StandardCharsets.UTF_8));
        return crc.getValue() % count == index;
    }
}
