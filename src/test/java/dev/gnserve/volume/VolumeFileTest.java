package dev.gnserve.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.gnserve.ModelsFolder;
import dev.gnserve.badinput.TiffFile;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.Cancellation;
import dev.gnserve.image.ImageLimits;
import dev.gnserve.numpy.Npz;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that tifffile, nibabel and numpy wrote hold the same values (volumes/make.py), or are refused in words. */
class VolumeFileTest {

    private static final float[] STACK =
            Npz.read(ModelsFolder.bytes("/volumes/expected.npz")).floats("stack");

    private static VolumeFile open(byte[] bytes, int channels) {
        return VolumeFile.open(bytes, channels, ImageLimits.DEFAULT);
    }

    private static VolumeFile open(String name, int channels) {
        return open(ModelsFolder.bytes("/volumes/" + name), channels);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "imagej.tif",
                "ome.ome.tif",
                "big.tif",
                "iyx.tif",
                "plain.npy",
                "fortran.npy",
                "batch.npy",
                "one.npz",
                "turned.nii.gz",
                "big-endian.nii",
                "slope-zero.nii",
                "scaled.nii",
                "sform.nii",
                "qform.nii"
            })
    void valuesAreThoseThatWereWritten(String name) {
        VolumeFile file = open(name, 1);
        assertThat(file.shape()).isEqualTo(new VolumeShape(1, 11, 9, 13));
        assertThat(file.read(Cancellation.NEVER).values()).containsExactly(STACK);
    }

    @ParameterizedTest
    @ValueSource(strings = {"hyperstack.tif", "channels.ome.tif", "zcyx.tif", "czyx.tif", "last.npy", "channels.nii"})
    void channelsFollowEachOther(String name) {
        VolumeFile file = open(name, 2);
        assertThat(file.shape()).isEqualTo(new VolumeShape(2, 11, 9, 13));
        float[] values = file.read(Cancellation.NEVER).values();
        assertThat(Arrays.copyOf(values, STACK.length)).containsExactly(STACK);
        for (int i = 0; i < STACK.length; i++) {
            assertThat(values[STACK.length + i]).isEqualTo(2 * STACK[i] + 1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"raw", "raw_f"})
    void anArrayOfSeveralIsChosenByItsName(String array) {
        byte[] bytes = ModelsFolder.bytes("/volumes/several.npz");
        VolumeFile file = VolumeFile.open(bytes, array, 1, ImageLimits.DEFAULT);
        assertThat(file.shape()).isEqualTo(new VolumeShape(1, 11, 9, 13));
        assertThat(file.read(Cancellation.NEVER).values()).containsExactly(STACK);
        assertThat(file.readingBytes()).isGreaterThan(2L * STACK.length);
    }

    @Test
    void aZipOfManyEntriesAndOneOfAnUnknownFormAreRefused() throws IOException {
        Map<String, byte[]> many = new LinkedHashMap<>();
        for (int i = 0; i < 1_001; i++) {
            many.put("x" + i + ".bin", new byte[0]);
        }
        assertThatThrownBy(() -> open(zip(many), 1)).hasMessageContaining("more than 1,000 entries");
        byte[] encrypted = zip(Map.of("a.npy", ModelsFolder.bytes("/volumes/plain.npy")));
        encrypted[directory(encrypted, 0) + 8] |= 1;
        assertThatThrownBy(() -> open(encrypted, 1)).hasMessageContaining("its form of a zip file is not read");
    }

    /** Inflating them could take a thousand times as long as reading the array. */
    @Test
    void nothingOfOtherEntriesIsInflated() throws IOException {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        entries.put("bomb.bin", new byte[1_000_000]);
        entries.put("other.npy", new byte[1_000_000]);
        entries.put("a.npy", ModelsFolder.bytes("/volumes/plain.npy"));
        byte[] file = zip(entries);
        int wanted = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getInt(directory(file, 2) + 42);
        Arrays.fill(file, 60, wanted - 20, (byte) -1); // A block of an unknown type, so that inflating it fails.

        assertThat(VolumeFile.open(file, "a", 1, ImageLimits.DEFAULT)
                        .read(Cancellation.NEVER)
                        .values())
                .containsExactly(STACK);
    }

    @Test
    void inflatingEndsWhenTheVolumeIsNoLongerWanted() throws IOException {
        byte[] plane = new ArrayFile(
                        ArrayFile.Format.NPY,
                        ArrayFile.Type.FLOAT32,
                        1,
                        new VolumeShape(1, 1, 512, 512),
                        Geometry.UNKNOWN)
                .bytes();
        VolumeFile file = open(zip(Map.of("a.npy", plane)), 1);
        IllegalStateException gone = new IllegalStateException("the client is gone");
        AtomicInteger asked = new AtomicInteger();

        assertThatThrownBy(() -> file.read(() -> {
                    if (asked.incrementAndGet() == 3) {
                        throw gone;
                    }
                }))
                .isSameAs(gone);
        file.read(Cancellation.NEVER);
    }

    @Test
    void anArrayThatIsNotWhatItsDirectoryOrItsHeaderSaysIsRefused() throws IOException {
        byte[] plain = ModelsFolder.bytes("/volumes/plain.npy");
        byte[] other = zip(Map.of("a.npy", plain));
        other[directory(other, 0) + 16] ^= 1;
        assertThatThrownBy(() -> open(other, 1).read(Cancellation.NEVER)).hasMessageContaining("fails its checksum");
        byte[] shorter = zip(Map.of("a.npy", Arrays.copyOf(plain, plain.length - 1)));
        assertThatThrownBy(() -> open(shorter, 1).read(Cancellation.NEVER))
                .hasMessageContaining("has only %,d bytes and needs %,d".formatted(plain.length - 1, plain.length));
        byte[] longer = zip(Map.of("a.npy", Arrays.copyOf(plain, plain.length + 1)));
        assertThatThrownBy(() -> open(longer, 1).read(Cancellation.NEVER)).hasMessageContaining("has more than");
        byte[] moved = zip(Map.of("a.npy", plain));
        moved[directory(moved, 0) + 42]++;
        assertThatThrownBy(() -> open(moved, 1)).hasMessageContaining("is not where its directory says");
        byte[] cut = Arrays.copyOf(moved, moved.length - 30);
        assertThatThrownBy(() -> open(cut, 1)).hasMessageContaining("it has no directory at its end");
    }

    private static byte[] zip(Map<String, byte[]> entries) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
                zip.putNextEntry(new ZipEntry(entry.getKey()));
                zip.write(entry.getValue());
            }
        }
        return bytes.toByteArray();
    }

    /** Where the directory of a zip file has an entry. */
    private static int directory(byte[] file, int entry) {
        ByteBuffer zip = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        int at = zip.getInt(file.length - 22 + 16);
        for (int i = 0; i < entry; i++) {
            at += 46 + zip.getShort(at + 28) + zip.getShort(at + 30) + zip.getShort(at + 32);
        }
        return at;
    }

    @Test
    void severalArraysWithoutAChoiceAreRefusedByName() {
        byte[] bytes = ModelsFolder.bytes("/volumes/several.npz");
        assertThatThrownBy(() -> open(bytes, 1))
                .hasMessageContaining("the arrays raw, label, raw_f")
                .hasMessageContaining("parameter array");
        assertThatThrownBy(() -> VolumeFile.open(bytes, "mask", 1, ImageLimits.DEFAULT))
                .hasMessageContaining("'mask' is wanted");
        assertThatThrownBy(
                        () -> VolumeFile.open(ModelsFolder.bytes("/volumes/plain.npy"), "raw", 1, ImageLimits.DEFAULT))
                .hasMessageContaining("array is 'raw'");
        byte[] half = Arrays.copyOf(bytes, bytes.length / 2);
        assertThatThrownBy(() ->
                        VolumeFile.open(half, "raw_f", 1, ImageLimits.DEFAULT).read(Cancellation.NEVER))
                .isInstanceOf(FailureException.class);
    }

    @Test
    void theFileSaysHowFarVoxelsAreApart() {
        assertThat(open("imagej.tif", 1).geometry())
                .isEqualTo(new Geometry(List.of(2.0, 0.5, 0.5), "micrometer", null));
        assertThat(open("ome.ome.tif", 1).geometry())
                .isEqualTo(new Geometry(List.of(2.0, 0.5, 0.5), "micrometer", null));
        assertThat(open("plain.npy", 1).geometry()).isEqualTo(Geometry.UNKNOWN);
        Geometry turned = open("turned.nii.gz", 1).geometry();
        assertThat(turned.spacing()).containsExactly(2.0, 0.5, 0.5);
        assertThat(turned.unit()).isEqualTo("millimeter");
        assertThat(turned.voxelVolume()).isEqualTo(0.5);
    }

    /** As nibabel's get_best_affine. */
    @Test
    void theRowsOfAnAffineMapComeBeforeTheQuaternion() {
        assertThat(affine("sform.nii"))
                .containsExactly(new double[] {0, -0.5, 0, 10, 0, 0, 2, -5, 0.5, 0, 0, 3}, within(1e-6));
        assertThat(affine("qform.nii"))
                .containsExactly(new double[] {3, 0, 0, 1, 0, 4, 0, 2, 0, 0, 5, 3}, within(1e-6));
    }

    private static double[] affine(String name) {
        NiftiSpace space = open(name, 1).geometry().space();
        assertThat(space).isNotNull();
        double[] map = space.affine();
        assertThat(map).isNotNull();
        return map;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "frames.tif | 1 | 2 frames (points of time)",
                "hyperstack.tif | 1 | it has 2 channels and the model takes 1",
                "unnamed.tif | 2 | without saying which axis has channels, depth or time",
                "qzyx.tif | 2 | the shape [11, 2, 9, 13] without saying which axis has channels, depth or time",
                "tyx.tif | 1 | it has 11 points of time",
                "cyx.tif | 1 | it has 2 channels and the model takes 1",
                "times.nii | 1 | send one point of time",
                "channels.nii | 1 | send one point of time",
                "complex.nii | 1 | its datatype is 32",
                "truncated.nii.gz | 1 | is truncated or corrupt: its data ends after",
                "bomb.nii.gz | 1 | 3000 x 4000 x 4000 (z, y, x): 48,000,000,000 voxels",
                "last.npy | 3 | and the model takes 3 channels"
            })
    void othersAreRefusedInWords(String name, int channels, String why) {
        assertThatThrownBy(() -> open(name, channels).read(Cancellation.NEVER))
                .isInstanceOf(FailureException.class)
                .hasMessageContaining(why);
    }

    /** Changed, shortened or lengthened: the values come, or a failure with words; never another exception. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "imagej.tif",
                "ome.ome.tif",
                "big.tif",
                "hyperstack.tif",
                "fortran.npy",
                "big-endian.nii",
                "turned.nii.gz"
            })
    void changedFilesFailInWordsOnly(String name) {
        byte[] whole = ModelsFolder.bytes("/volumes/" + name);
        Random random = new Random(5);
        for (int i = 0; i < 1500; i++) {
            byte[] changed = Arrays.copyOf(whole, i % 5 == 0 ? random.nextInt(whole.length + 20) : whole.length);
            for (int change = random.nextInt(4); change >= 0 && changed.length > 0; change--) {
                int within = random.nextBoolean() ? Math.min(changed.length, 400) : changed.length;
                changed[random.nextInt(within)] = (byte) random.nextInt();
            }
            try {
                open(changed, 1 + i % 2).read(Cancellation.NEVER);
            } catch (FailureException e) {
                assertThat(e.getMessage()).isNotBlank();
            }
        }
    }

    @Test
    void whatIsNoVolumeIsNamed() throws IOException {
        byte[] zip = zip(Map.of("plain.txt", new byte[1]));
        assertThatThrownBy(() -> open(zip, 1)).hasMessageContaining("a zip file without an array (.npy)");
        assertThatThrownBy(() -> open(new byte[] {1, 2, 3}, 1)).hasMessageContaining("not a volume that is read here");
        byte[] pair = ModelsFolder.bytes("/volumes/sform.nii");
        pair[345] = 'i';
        assertThatThrownBy(() -> open(pair, 1)).hasMessageContaining("a pair of files");
    }

    /** nibabel: aff2axcodes gives L, S, A... for the columns; the model's axes run to the right, to the front and up. */
    @Test
    void axesAreTurnedByTheirDirections() {
        VolumeFile file = open("turned.nii.gz", 1);
        AxisOrder order = AxisOrder.oriented("RAS", file.geometry());
        assertThat(order.axes()).containsExactly(1, 0, 2);
        assertThat(order.flipped()).containsExactly(true, false, false);
        assertThat(AxisOrder.oriented("LPI", file.geometry()).flipped()).containsExactly(false, true, true);
        assertThatThrownBy(() -> AxisOrder.oriented("RAS", Geometry.UNKNOWN))
                .hasMessageContaining("does not say how it is oriented");
    }

    @ParameterizedTest
    @ValueSource(strings = {"TIFF", "NIFTI", "NPY"})
    void whatIsWrittenIsReadAgain(String format) {
        Volume volume = open("turned.nii.gz", 1).read(Cancellation.NEVER);
        VolumeShape shape = volume.shape();
        for (int components = 1; components < 3; components++) {
            ArrayFile file = new ArrayFile(
                    ArrayFile.Format.valueOf(format), ArrayFile.Type.FLOAT32, components, shape, volume.geometry());
            for (int i = 0; i < components * STACK.length; i++) {
                file.set(i / STACK.length, i % STACK.length, i < STACK.length ? STACK[i] : -STACK[i - STACK.length]);
            }
            VolumeFile again = open(file.bytes(), components);
            float[] values = again.read(Cancellation.NEVER).values();
            assertThat(again.shape().depth()).isEqualTo(shape.depth());
            assertThat(Arrays.copyOf(values, STACK.length)).containsExactly(STACK);
            assertThat(values[values.length - 1]).isEqualTo((components == 1 ? 1 : -1) * STACK[STACK.length - 1]);
            if (format.equals("NIFTI")) {
                assertThat(again.geometry().space()).isNotNull();
                assertThat(again.geometry().space().affine())
                        .containsExactly(new double[] {0, -0.5, 0, 10, 0, 0, 2, -5, 0.5, 0, 0, 3}, within(1e-6));
            }
            if (format.equals("TIFF")) {
                assertThat(again.geometry().spacing()).containsExactly(2.0, 0.5, 0.5);
            }
        }
    }

    /** ImageJ and tifffile find the planes of such a file one behind the other, channels first, and pass over its directories. */
    @Test
    void thePlanesOfAStackLieInTheOrderOfItsPages() {
        VolumeShape shape = new VolumeShape(1, 2, 1, 3);
        ArrayFile file = new ArrayFile(
                ArrayFile.Format.TIFF,
                ArrayFile.Type.UINT8,
                2,
                shape,
                new Geometry(List.of(1.0, 5e6, 3e-8), "meter", null));
        for (int place = 0; place < 6; place++) {
            file.set(0, place, place);
            file.set(1, place, 10 + place);
        }

        ByteBuffer bytes = ByteBuffer.wrap(file.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        byte[] planes = new byte[12];
        bytes.get(8, planes);
        assertThat(planes).containsExactly(0, 1, 2, 10, 11, 12, 3, 4, 5, 13, 14, 15);
        int first = bytes.getInt(4);
        assertThat(first).isEqualTo(20);
        int across = bytes.getInt(first + 2 + 12 * 10 + 8);
        assertThat((double) Integer.toUnsignedLong(bytes.getInt(across))
                        / Integer.toUnsignedLong(bytes.getInt(across + 4)))
                .as("pixels in a unit along x, then along y")
                .isEqualTo(1 / 3e-8, within(1.0));
        assertThat((double) Integer.toUnsignedLong(bytes.getInt(across + 8))
                        / Integer.toUnsignedLong(bytes.getInt(across + 12)))
                .isEqualTo(1 / 5e6, within(1e-12));
    }

    @Test
    void anAnswerOfMoreThanTwoGigabytesIsRefused() {
        VolumeShape shape = new VolumeShape(1, 700, 1000, 1000);

        assertThatThrownBy(
                        () -> new ArrayFile(ArrayFile.Format.NPY, ArrayFile.Type.FLOAT32, 1, shape, Geometry.UNKNOWN))
                .hasMessageContaining("more than 2 GB: 1 values of each voxel of a volume of");
    }

    /** tifffile gives the values of such pages as they are. */
    @Test
    void valuesOfAStackStayWhereWhiteIsZero() {
        byte[] eight =
                TiffFile.page(5, 1, 1, new byte[] {0, 1, 2, 3, 4}).tag(262, 0).bytes();
        byte[] sixteen = TiffFile.page(2, 1, 1, new byte[] {3, 0, (byte) 0xFF, 1})
                .tag(258, 16)
                .tag(262, 0)
                .bytes();

        assertThat(open(eight, 1).read(Cancellation.NEVER).values()).containsExactly(0, 1, 2, 3, 4);
        assertThat(open(sixteen, 1).read(Cancellation.NEVER).values()).containsExactly(3, 511);
    }

    /** Planes of more pages than there are take no memory. */
    @Test
    void aDescriptionOfOtherPagesIsRefused() {
        for (String said : List.of(
                "{\"shape\": [99999, 99999, 9, 13], \"axes\": \"CZYX\"}", "ImageJ=1\nchannels=99999\nslices=99999\n")) {
            byte[] text = Arrays.copyOf(said.getBytes(StandardCharsets.US_ASCII), said.length() + 1);
            long[] description = new long[text.length];
            for (int i = 0; i < text.length; i++) {
                description[i] = text[i];
            }
            byte[] file =
                    TiffFile.page(5, 1, 1, new byte[5]).tag(270, description).bytes();
            // The values are written with four bytes each.
            ByteBuffer values = ByteBuffer.wrap(file, TiffFile.DATA + 5, text.length);
            values.put(text);

            assertThatThrownBy(() -> open(file, 1)).hasMessageContaining("planes, and it has 1 page");
        }
    }

    /** 4 KB of tags, which 100 pages have together: each begins one tag behind the one before. */
    @Test
    void pagesThatShareTheirTagsAreRefused() {
        int pages = 100;
        int tags = 120;
        int[][] required = {{256, 1}, {257, 1}, {258, 8}, {259, 1}, {262, 1}, {277, 1}, {278, 1}, {279, 1}};
        ByteBuffer file = ByteBuffer.allocate(10 + 12 * (tags + pages) + 4 + 1).order(ByteOrder.LITTLE_ENDIAN);
        file.putShort((short) 0x4949).putShort((short) 42).putInt(8).putShort((short) tags);
        for (int i = 0; i < tags; i++) {
            int place = i - (tags - 12);
            boolean isRequired = place >= 0 && place < required.length;
            file.putShort((short) (isRequired ? required[place][0] : place == required.length ? 273 : 20_000 + i));
            file.putShort((short) (place == required.length ? 4 : 3)).putInt(1);
            // The upper half of a value is the number of tags of the page that begins there.
            file.putShort((short) (isRequired ? required[place][1] : 1));
            file.putShort((short) (place == required.length ? 0 : tags));
        }
        for (int page = 1; page < pages; page++) {
            file.putInt(8 + 12 * page).putLong(0);
        }

        assertThatThrownBy(() -> open(file.array(), 1))
                .isInstanceOf(FailureException.class)
                .hasMessageContaining("the directories of its pages share bytes");
    }

    /** nibabel: the axes 6 and 7 are there, too. */
    @ParameterizedTest
    @CsvSource({"1, 1, 3", "2, 1, 2", "3, 1, 2"})
    void valuesOnAllAxesOfANiftiCount(short fourth, short fifth, short sixth) {
        byte[] file = ModelsFolder.bytes("/volumes/sform.nii");
        ByteBuffer header = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        header.putShort(40, (short) 6).putShort(48, fourth).putShort(50, fifth).putShort(52, sixth);

        assertThatThrownBy(() -> open(file, 3))
                .hasMessageContaining("have the sizes [%d, %d, %d]".formatted(fourth, fifth, sixth));
    }
}
