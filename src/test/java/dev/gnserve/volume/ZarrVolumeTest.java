package dev.gnserve.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.ModelsFolder;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.Cancellation;
import dev.gnserve.image.ImageLimits;
import dev.gnserve.numpy.Npz;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Values are those that zarr-python 3.1.6 reads (volumes/make_zarr.py). */
class ZarrVolumeTest {

    private static final Npz EXPECTED = Npz.read(ModelsFolder.bytes("/volumes/zarr-values.npz"));

    @TempDir
    private static Path folder;

    @BeforeAll
    static void unpack() throws IOException {
        unpack(folder);
    }

    private static void unpack(Path into) throws IOException {
        try (ZipInputStream zip =
                new ZipInputStream(new ByteArrayInputStream(ModelsFolder.bytes("/volumes/zarr.zip")))) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                Path file = into.resolve(entry.getName());
                Files.createDirectories(file.getParent());
                Files.write(file, zip.readAllBytes());
            }
        }
    }

    private static VolumeFile open(String name, int channels) {
        return VolumeFile.openFolder(folder.resolve(name), channels, ImageLimits.DEFAULT);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "v2-none",
                "v2-zlib",
                "v2-gzip-big",
                "v2-blosc",
                "v2-blosc-plain",
                "v2-blosc-blocks",
                "v2-blosc-noise",
                "v2-fortran",
                "v2-slash",
                "v3-none",
                "v3-gzip",
                "v3-blosc",
                "v3-big",
                "v3-missing",
                "default-v2",
                "default-v3",
                "default-noise",
                "default-f4",
                "zstd-checksum",
                "zstd-big",
                "crc32c",
                "blosc-zstd",
                "blosc-zlib",
                "blosc-default-u1",
                "blosc-bits-u2",
                "blosc-bits-f4",
                "blosc-bits-odd",
                "shards-default",
                "shards-several",
                "shards-big",
                "shards-start",
                "shards-end",
                "shards-missing",
                "ome-0.4",
                "ome-0.5"
            })
    void valuesAreThoseOfZarr(String name) {
        int channels = name.equals("ome-0.5") ? 2 : 1;
        VolumeFile file = open(name, channels);

        assertThat(VolumeFile.isFolder(folder.resolve(name))).isTrue();
        assertThat(file.shape()).isEqualTo(new VolumeShape(channels, 5, 18, 30));
        assertThat(file.read(Cancellation.NEVER).values()).isEqualTo(EXPECTED.floats(name));
    }

    @Test
    void distancesAreThoseOfTheFullResolution() {
        Geometry geometry = open("ome-0.4", 1).geometry();
        assertThat(geometry.spacing()).isEqualTo(List.of(2.0, 0.5, 0.25));
        assertThat(geometry.unit()).isEqualTo("micrometer");
        assertThat(open("ome-0.5", 2).geometry().spacing()).isEqualTo(List.of(3.0, 0.5, 0.5));
        assertThat(open("v2-none", 1).geometry()).isEqualTo(Geometry.UNKNOWN);
    }

    @ParameterizedTest
    @CsvSource({
        "no-blosclz, 'its array has the codec blosc with blosclz; save it with zstd, blosc'",
        "no-lzma, 'its array has the codec lzma; save it with zstd, blosc'",
        "no-filter, its array has the filter delta; save it without filters",
        "no-order, 'its array has the codec transpose; save it with zstd, blosc'",
        "no-shards-in-shards, 'its array has the codec sharding_indexed; save it with zstd, blosc'",
        "no-int64, its array has values of the type int64; save it as uint8",
        "no-times, 'its array has the shape [2, 5, 18, 30], and axis 0 is none of channels, z, y and x: save one point of time'",
        "no-axis, it has an axis with the name 'q'; allowed are t",
    })
    void whatIsNotReadIsRefusedByItsName(String name, String why) {
        assertThatThrownBy(() -> open(name, 1).read(Cancellation.NEVER))
                .isInstanceOf(FailureException.class)
                .hasMessageContaining("the Zarr folder " + name + " is not supported: " + why);
    }

    private static void damage(Path file, int at, int value) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[at < 0 ? bytes.length + at : at] = (byte) value;
        Files.write(file, bytes);
    }

    @Test
    void damagedShardsAreRefused(@TempDir Path own) throws IOException {
        unpack(own);
        Path volume = own.resolve("shards-default");
        Path shard = volume.resolve("c/0/0/0");
        byte[] whole = Files.readAllBytes(shard);
        damage(shard, -1, whole[whole.length - 1] + 1);
        refused(volume, "its shard c/0/0/0 is damaged: of its index, its checksum (crc32c) is ");
        Files.write(shard, Arrays.copyOf(whole, 100));
        refused(volume, "its shard c/0/0/0 is damaged: its index needs 132 bytes, and it has 100 in all");
        Files.write(shard, whole);
        damage(shard, 0, 0); // Of the first frame.
        refused(volume, "its shard c/0/0/0 is damaged: a frame of zstd is damaged");

        Path unchecked = own.resolve("shards-end");
        Path places = unchecked.resolve("c/0/0/0");
        byte[] index = Files.readAllBytes(places);
        damage(places, -1, 0x7F); // Of the length of the last chunk.
        refused(unchecked, "its shard c/0/0/0 is damaged: its index gives chunk 7 ");
        Files.write(places, index);
        damage(places, -9, 0x80); // Of its place.
        refused(unchecked, "bytes from 92233720368547");

        Path metadata = volume.resolve("zarr.json");
        change(metadata, "\"index_location\": \"end\"", "\"index_location\": \"middle\"");
        refused(volume, "the index_location middle; save it with bytes and crc32c, at the start or the end");
        change(unchecked.resolve("zarr.json"), "          15", "          16");
        refused(unchecked, "which are no multiple of its chunks of [3,9,16]");
    }

    @Test
    void aWrongChecksumOfAChunkIsRefused(@TempDir Path own) throws IOException {
        unpack(own);
        damage(own.resolve("crc32c/c/0/0/0"), 20, 1);
        refused(own.resolve("crc32c"), "its chunk c/0/0/0 is damaged: its checksum (crc32c) is ");
        damage(own.resolve("zstd-checksum/c/0/0/0"), -1, 1);
        refused(own.resolve("zstd-checksum"), "its chunk c/0/0/0 is damaged: a frame of zstd is damaged");
    }

    @Test
    void aFolderAroundAnImageIsNone() {
        assertThat(VolumeFile.isFolder(folder.resolve("wrapped"))).isFalse();
        assertThat(VolumeFile.isFolder(folder.resolve("wrapped/0"))).isTrue();
        assertThat(VolumeFile.isFolder(folder)).isFalse();
    }

    @Test
    void limitsAreHeldAgainstTheMetadata() {
        assertThatThrownBy(() -> VolumeFile.openFolder(folder.resolve("v2-none"), 1, new ImageLimits(2000, 32_768)))
                .isInstanceOf(FailureException.class)
                .hasMessageContaining("5 x 18 x 30 (z, y, x): 2,700 voxels; at most 2,000 are accepted");
        assertThat(open("v2-none", 1).readingBytes()).isGreaterThanOrEqualTo(4 * 3 * 10 * 16 * 2);
    }

    @Test
    void damagedFoldersAreRefused(@TempDir Path own) throws IOException {
        unpack(own);
        for (String name : new String[] {"v2-blosc", "v2-none", "v2-zlib", "v2-gzip-big"}) {
            Path chunk = own.resolve(name).resolve("0.0.0");
            byte[] whole = Files.readAllBytes(chunk);
            for (int length = 0; length < whole.length; length += 1 + whole.length / 40) {
                Files.write(chunk, Arrays.copyOf(whole, length));
                assertThatThrownBy(() -> VolumeFile.openFolder(own.resolve(name), 1, ImageLimits.DEFAULT)
                                .read(Cancellation.NEVER))
                        .as("%s with %d bytes", name, length)
                        .hasMessageContaining("its chunk 0.0.0 ")
                        .isInstanceOfSatisfying(
                                FailureException.class,
                                thrown -> assertThat(thrown.failure().code()).isEqualTo(FailureCode.IMAGE_UNDECODABLE));
            }
        }
        Path metadata = own.resolve("ome-0.4/.zattrs");
        Files.writeString(metadata, Files.readString(metadata).replace("\"path\": \"0\"", "\"path\": \"../v2-none\""));
        assertThatThrownBy(() -> VolumeFile.openFolder(own.resolve("ome-0.4"), 1, ImageLimits.DEFAULT))
                .hasMessageContaining("the path '../v2-none', which is not in its folder");
    }

    private static void change(Path file, String from, String to) throws IOException {
        String text = Files.readString(file);
        assertThat(text).contains(from);
        Files.writeString(file, text.replace(from, to));
    }

    private static void refused(Path volume, String why) {
        assertThatThrownBy(() ->
                        VolumeFile.openFolder(volume, 1, ImageLimits.DEFAULT).read(Cancellation.NEVER))
                .isInstanceOf(FailureException.class)
                .hasMessageContaining(why);
    }

    @Test
    void metadataOutsideTheFormatIsRefused(@TempDir Path own) throws IOException {
        unpack(own);
        change(own.resolve("v2-none/.zarray"), "\"dimension_separator\": \".\"", "\"dimension_separator\": \"_\"");
        refused(own.resolve("v2-none"), "has the separator '_' in the names of its chunks; allowed are '.' and '/'");
        change(own.resolve("v3-none/zarr.json"), "\"separator\": \"/\"", "\"separator\": \"\"");
        refused(own.resolve("v3-none"), "has the separator '' in the names");
        change(own.resolve("ome-0.4/.zattrs"), "\"name\": \"c\"", "\"name\": \"y\"");
        refused(own.resolve("ome-0.4"), "two axes with the name 'y'");
        change(own.resolve("ome-0.4/.zattrs"), "\"name\": \"y\", \"type\": \"channel\"", "\"name\": \"t\"");
        refused(own.resolve("ome-0.4"), "two axes with the name 't'");
    }

    /** Products of the sizes that wrap to a negative number, and to 0. */
    @ParameterizedTest
    @CsvSource({"2147483647, 70000", "4194304, 2097152"})
    void aShapeOfMoreVoxelsThanALongIsTooLarge(int depth, int side, @TempDir Path own) throws IOException {
        Files.writeString(
                own.resolve(".zarray"),
                "{'zarr_format': 2, 'shape': [%d, %d, %d], 'chunks': [1, 1, 1], 'dtype': '|u1', 'fill_value': 0}"
                        .formatted(depth, side, side)
                        .replace('\'', '"'));
        assertThatThrownBy(() -> VolumeFile.openFolder(own, 1, ImageLimits.DEFAULT))
                .hasMessageContaining("the volume is %d x %d x %d (z, y, x)", depth, side, side)
                .hasMessageContaining("at most 64,000,000 are accepted")
                .isInstanceOfSatisfying(
                        FailureException.class,
                        thrown -> assertThat(thrown.failure().code()).isEqualTo(FailureCode.IMAGE_TOO_LARGE));
    }

    @Test
    void aChunkMayBeFarLargerThanItsArray(@TempDir Path own) throws IOException {
        Files.writeString(
                own.resolve(".zarray"),
                "{'zarr_format': 2, 'shape': [1, 1, 200000], 'chunks': [1, 1, 2147352575], 'dtype': '|u1', 'fill_value': 7}"
                        .replace('\'', '"'));
        float[] values = VolumeFile.openFolder(own, 1, ImageLimits.DEFAULT)
                .read(Cancellation.NEVER)
                .values();
        assertThat(values[0]).isEqualTo(7);
        assertThat(values[199_999]).isEqualTo(7);
    }

    /** Zarr 3.1 allows the name alone for an extension without a configuration. */
    @Test
    void anExtensionMayBeItsNameAlone(@TempDir Path own) throws IOException {
        unpack(own);
        Path volume = own.resolve("v3-none");
        ObjectNode array = (ObjectNode) JsonMapper.shared().readTree(Files.readAllBytes(volume.resolve("zarr.json")));
        array.putArray("codecs").add("bytes");
        array.putObject("data_type").put("name", "uint8");
        array.put("chunk_key_encoding", "default");
        Files.writeString(volume.resolve("zarr.json"), array.toString());
        assertThat(VolumeFile.openFolder(volume, 1, ImageLimits.DEFAULT)
                        .read(Cancellation.NEVER)
                        .values())
                .isEqualTo(EXPECTED.floats("v3-none"));
        array.put("chunk_key_encoding", "v2");
        Files.writeString(volume.resolve("zarr.json"), array.toString());
        for (int i = 0; i < 8; i++) {
            String place = "%d/%d/%d".formatted(i >> 2, i >> 1 & 1, i & 1);
            Files.move(volume.resolve("c").resolve(place), volume.resolve(place.replace('/', '.')));
        }
        assertThat(VolumeFile.openFolder(volume, 1, ImageLimits.DEFAULT)
                        .read(Cancellation.NEVER)
                        .values())
                .isEqualTo(EXPECTED.floats("v3-none"));
    }

    /** The fill value stands for a chunk that is not there, and for no other. */
    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void aFileThatCannotBeReachedIsRefused(@TempDir Path own) throws IOException {
        unpack(own);
        Path chunk = own.resolve("v2-none/0.0.0");
        Files.delete(chunk);
        Files.createSymbolicLink(chunk, own.resolve("nowhere"));
        refused(own.resolve("v2-none"), "its chunk 0.0.0 cannot be read: the link 0.0.0 leads nowhere");
        Files.delete(chunk);
        Files.createSymbolicLink(chunk, chunk);
        refused(own.resolve("v2-none"), "its chunk 0.0.0 cannot be read: ");
        Files.delete(chunk);
        Files.createDirectory(chunk);
        refused(own.resolve("v2-none"), "its chunk 0.0.0 is no file");
        Path chunks = own.resolve("v3-none/c");
        Files.move(chunks, own.resolve("moved"));
        Files.createSymbolicLink(chunks, own.resolve("moved"));
        assertThat(VolumeFile.openFolder(own.resolve("v3-none"), 1, ImageLimits.DEFAULT)
                        .read(Cancellation.NEVER)
                        .values())
                .isEqualTo(EXPECTED.floats("v3-none"));
        Files.move(own.resolve("moved"), own.resolve("again"));
        refused(own.resolve("v3-none"), "its chunk c/0/0/0 cannot be read: the link c leads nowhere");
        Path metadata = own.resolve("ome-0.5/zarr.json");
        Files.delete(metadata);
        Files.createSymbolicLink(metadata, own.resolve("nowhere"));
        assertThat(VolumeFile.isFolder(own.resolve("ome-0.5"))).isTrue();
        refused(own.resolve("ome-0.5"), "its zarr.json cannot be read: the link zarr.json leads nowhere");
        Files.writeString(own.resolve("ome-0.4/.zattrs"), "{");
        assertThat(VolumeFile.isFolder(own.resolve("ome-0.4"))).isTrue();
        refused(own.resolve("ome-0.4"), "its .zattrs is no JSON");
    }

    @Test
    void damageIsToldInWords(@TempDir Path own) throws IOException {
        unpack(own);
        Path chunk = own.resolve("v2-gzip-big/0.0.0");
        byte[] whole = Files.readAllBytes(chunk);
        Files.write(chunk, Arrays.copyOf(whole, whole.length / 2));
        refused(own.resolve("v2-gzip-big"), "its chunk 0.0.0 is damaged: it ends too early");
        whole[0] = 0;
        Files.write(chunk, whole);
        refused(own.resolve("v2-gzip-big"), "its chunk 0.0.0 is damaged: Not in GZIP format");
    }

    @Test
    void axesWithDifferentUnitsHaveNoDistance(@TempDir Path own) throws IOException {
        unpack(own);
        Path metadata = own.resolve("ome-0.4/.zattrs");
        String z = "\"name\": \"z\", \"type\": \"space\"";
        String given = z + ", \"unit\": \"micrometer\"";
        change(metadata, given, z + ", \"unit\": \"um\"");
        assertThat(VolumeFile.openFolder(own.resolve("ome-0.4"), 1, ImageLimits.DEFAULT)
                        .geometry()
                        .unit())
                .isEqualTo("micrometer");
        change(metadata, z + ", \"unit\": \"um\"", z + ", \"unit\": \"nanometer\"");
        assertThat(VolumeFile.openFolder(own.resolve("ome-0.4"), 1, ImageLimits.DEFAULT)
                        .geometry())
                .isEqualTo(Geometry.UNKNOWN);
        change(metadata, z + ", \"unit\": \"nanometer\"", z);
        assertThat(VolumeFile.openFolder(own.resolve("ome-0.4"), 1, ImageLimits.DEFAULT)
                        .geometry())
                .isEqualTo(Geometry.UNKNOWN);
        change(metadata, ", \"unit\": \"micrometer\"", "");
        Geometry unnamed = VolumeFile.openFolder(own.resolve("ome-0.4"), 1, ImageLimits.DEFAULT)
                .geometry();
        assertThat(unnamed.spacing()).isEqualTo(List.of(2.0, 0.5, 0.25));
        assertThat(unnamed.unit()).isNull();
    }

    /** 255 times 16,843,009 and 1 are 2^32: the sums wrap to 20 and 19, and the rest fits. */
    @Test
    void aRunOfLz4MayNotWrap() {
        int times = 16_843_009;
        byte[] literals = new byte[1 + times + 1 + 20];
        literals[0] = (byte) 0xF0;
        Arrays.fill(literals, 1, 1 + times, (byte) 0xFF);
        literals[1 + times] = 6;
        byte[] match = new byte[4 + times + 1];
        match[0] = 0x1F;
        match[2] = 1;
        Arrays.fill(match, 4, 4 + times, (byte) 0xFF);
        match[4 + times] = 1;
        for (byte[] block : new byte[][] {literals, match}) {
            assertThatThrownBy(() -> Lz4.decode(block, 0, block.length, new byte[20], 0, 20))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("damaged");
        }
    }

    /** 32 KiB that are a gigabyte of zeros: blocks of one repeated byte. */
    @Test
    void aFrameOfZstdMayNotBeLongerThanItsChunk() {
        byte[] frame = new byte[6 + 4 * 8192];
        byte[] header = {0x28, (byte) 0xB5, 0x2F, (byte) 0xFD, 0, 0x58};
        System.arraycopy(header, 0, frame, 0, header.length);
        for (int at = header.length; at < frame.length; at += 4) {
            int block = 128 << 10 << 3 | 1 << 1; // RLE, 128 KiB
            frame[at] = (byte) block;
            frame[at + 1] = (byte) (block >> 8);
            frame[at + 2] = (byte) (block >> 16);
        }
        assertThatThrownBy(() -> Zstd.decode(frame, 0, frame.length, new byte[1000], 0, 1000))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("has more than 1,000 bytes");
    }

    /** A changed byte gives other values or a refusal, and nothing else. */
    @ParameterizedTest
    @ValueSource(strings = {"default-f4/c/0/0/0", "default-v3/c/0/0/0"})
    void everyByteOfAFrameOfZstdMayBeWrong(String file) throws IOException {
        byte[] whole = Files.readAllBytes(folder.resolve(file));
        byte[] values = new byte[file.contains("f4") ? 5 * 18 * 30 * 4 : 3 * 10 * 16 * 2];
        for (int at = 0; at < whole.length; at += at < 200 ? 1 : 37) {
            for (int value : new int[] {0, 0x7F, 0xFF}) {
                byte[] wrong = whole.clone();
                wrong[at] = (byte) value;
                for (byte[] frame : new byte[][] {wrong, Arrays.copyOf(wrong, at)}) {
                    try {
                        Zstd.decode(frame, 0, frame.length, values, 0, values.length);
                    } catch (IOException e) {
                        assertThat(e).hasMessageContaining("a frame of zstd ");
                    }
                }
            }
        }
    }

    /** A changed byte gives other values or a refusal, and nothing else. */
    @ParameterizedTest
    @ValueSource(strings = {"v2-blosc-blocks/0.0.0", "blosc-zstd/0.0.0"})
    void everyByteOfABloscBufferMayBeWrong(String file) throws IOException {
        byte[] whole = Files.readAllBytes(folder.resolve(file));
        int bytes = 5 * 18 * 30 * 4;
        for (int at = 0; at < whole.length; at += at < 64 ? 1 : 37) {
            for (int value : new int[] {0, 0x7F, 0xFF}) {
                byte[] wrong = whole.clone();
                wrong[at] = (byte) value;
                try {
                    assertThat(Blosc.decode(wrong, bytes)).hasSize(bytes);
                } catch (IOException e) {
                    assertThat(e).hasMessageMatching("(?s).*(damaged|codec|needs).*");
                }
            }
        }
    }
}
