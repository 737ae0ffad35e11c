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
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

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
        "no-zstd, its array has the codec zstd; save it with blosc and lz4",
        "no-blosc-zstd, its array has the codec blosc with zstd; save it with blosc and lz4",
        "no-bitshuffle, its chunks have the codec blosc with bitshuffle; save it with shuffle",
        "no-filter, its array has the filter delta; save it without filters",
        "no-shards, its array has the codec sharding_indexed; save it with blosc and lz4",
        "no-int64, its array has values of the type int64; save it as uint8",
        "no-times, 'its array has the shape [2, 5, 18, 30], and axis 0 is none of channels, z, y and x: save one point of time'",
        "no-axis, it has an axis with the name 'q'; allowed are t",
    })
    void whatIsNotReadIsRefusedByItsName(String name, String why) {
        assertThatThrownBy(() -> open(name, 1).read(Cancellation.NEVER))
                .isInstanceOf(FailureException.class)
                .hasMessageContaining("the Zarr folder " + name + " is not supported: " + why);
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

    /** A changed byte gives other values or a refusal, and nothing else. */
    @Test
    void everyByteOfABloscBufferMayBeWrong() throws IOException {
        byte[] whole = Files.readAllBytes(folder.resolve("v2-blosc-blocks/0.0.0"));
        int bytes = 5 * 18 * 30 * 4;
        for (int at = 0; at < whole.length; at += at < 64 ? 1 : 37) {
            for (int value : new int[] {0, 0x7F, 0xFF}) {
                byte[] wrong = whole.clone();
                wrong[at] = (byte) value;
                try {
                    assertThat(Blosc.decode(wrong, bytes)).hasSize(bytes);
                } catch (IOException e) {
                    assertThat(e).hasMessageMatching(".*(damaged|codec|needs).*");
                }
            }
        }
    }
}
