package dev.gnserve.segmentation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.image.LabelMap;
import dev.gnserve.image.PlanarImage;
import dev.gnserve.image.PreparedImage;
import dev.gnserve.image.Tiling;
import dev.gnserve.image.UprightImage;
import dev.gnserve.instances.InstanceCollectors;
import dev.gnserve.instances.Instances;
import dev.gnserve.model.InstanceSpec;
import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.numpy.Npz;
import dev.gnserve.pipeline.TileCollector;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The objects are those that the public packages make of the same outputs, one by one (golden/decoders/make_instances.py).
 *
 * <p>{@code -Dinstances.folder=FOLDER} measures the agreement on the pictures that the script writes there.
 */
class InstanceDecodersTest {

    private static final Map<String, List<String>> OUTPUTS = Map.of(
            "hovernet",
            List.of("nucleus_prediction", "horizontal_vertical", "type_prediction"),
            "stardist",
            List.of("probability", "distances"),
            "cellpose",
            List.of("output"));

    /** Pixels of the same object, up to the numbers, of all pixels that are in an object of either. */
    private record Agreement(long same, long all, int count, int expected, int types) {}

    @ParameterizedTest
    @CsvSource({
        "hovernet-0",
        "hovernet-1",
        "hovernet-forward",
        "stardist-0",
        "stardist-1",
        "stardist_grid2-0",
        "cellpose-0",
        "cellpose-1"
    })
    void objectsAreThoseOfTheReference(String name) throws IOException {
        Agreement agreement = compare(name, golden(name));

        assertThat(agreement.count()).isEqualTo(agreement.expected()).isGreaterThan(4);
        assertThat(agreement.same()).isEqualTo(agreement.all());
        assertThat(agreement.types()).isZero();
    }

    @Test
    @EnabledIfSystemProperty(named = "instances.folder", matches = ".+")
    void agreementOnPicturesOfAFolder() throws IOException {
        Map<String, Agreement> sums = new HashMap<>();
        List<Path> files;
        try (Stream<Path> all = Files.list(Path.of(System.getProperty("instances.folder")))) {
            files = all.filter(file -> file.toString().endsWith(".npz"))
                    .sorted()
                    .toList();
        }
        for (Path file : files) {
            String name = file.getFileName().toString();
            long began = System.nanoTime();
            Agreement one = compare(name, Npz.read(Files.readAllBytes(file)));
            if (one.same() != one.all() || one.count() != one.expected() || one.types() != 0) {
                System.out.println(name + " " + one + " " + (System.nanoTime() - began) / 1_000_000 + " ms");
            }
            sums.merge(
                    name.substring(0, name.indexOf('-')),
                    one,
                    (a, b) -> new Agreement(
                            a.same() + b.same(),
                            a.all() + b.all(),
                            a.count() + b.count(),
                            a.expected() + b.expected(),
                            a.types() + b.types()));
        }
        sums.forEach((family, sum) ->
                System.out.println(family + " " + (double) sum.same() / sum.all() + " of the pixels agree: " + sum));
        assertThat(sums.values()).allMatch(sum -> sum.same() >= 0.999 * sum.all());
    }

    private static Agreement compare(String name, Npz golden) {
        Instances found = decode(name, golden);
        int[] expected = ints(golden, "expected");
        Map<Long, Integer> pairs = new HashMap<>();
        long all = 0;
        for (int i = 0; i < expected.length; i++) {
            if (expected[i] != 0 || found.ids()[i] != 0) {
                all++;
                pairs.merge((long) expected[i] << 32 | found.ids()[i], 1, Integer::sum);
            }
        }
        Map<Integer, Integer> partner = new HashMap<>();
        Map<Integer, Integer> most = new HashMap<>();
        pairs.forEach((pair, pixels) -> {
            int one = (int) (pair >> 32);
            int other = pair.intValue();
            if (one != 0 && other != 0 && pixels > most.getOrDefault(one, 0)) {
                most.put(one, pixels);
                partner.put(one, other);
            }
        });
        boolean oneToOne = partner.values().stream().distinct().count() == partner.size();
        long same =
                oneToOne ? most.values().stream().mapToLong(pixels -> pixels).sum() : 0;
        int types = 0;
        if (golden.has("expected_types")) {
            int[] known = ints(golden, "expected_types");
            for (Map.Entry<Integer, Integer> pair : partner.entrySet()) {
                int type = known[pair.getKey()];
                types += type < 0 || type - 1 == found.labels()[pair.getValue() - 1] ? 0 : 1;
            }
        }
        int present =
                (int) IntStream.of(found.ids()).filter(id -> id != 0).distinct().count();
        int wanted =
                (int) IntStream.of(expected).filter(id -> id != 0).distinct().count();
        return new Agreement(same, all, present, wanted, types);
    }

    /** Each tile shows a part of the same maps, so that the objects must be the same. */
    @ParameterizedTest
    @CsvSource({"hovernet-0", "hovernet-1", "stardist-0", "stardist-1", "stardist_grid2-0", "cellpose-0", "cellpose-1"})
    void tilesChangeNoObject(String name) throws IOException {
        Npz golden = golden(name);

        Instances whole = decode(name, golden, new Tiling(4096, 0));
        Instances tiled = decode(name, golden, new Tiling(48, 16));

        assertThat(tiled.ids()).isEqualTo(whole.ids());
        assertThat(tiled.count()).isEqualTo(whole.count());
    }

    /** Maps that are coarser than the input give each input pixel the object of the pixel that it lies in. */
    @Test
    void coarseMapsAreReadAtTheirOwnScale() throws IOException {
        Npz golden = golden("hovernet-0");
        Instances fine = decode("hovernet-0", golden, new Tiling(4096, 0));
        ModelManifest manifest = manifest("hovernet", 4, new Tiling(4096, 0));
        PreparedImage prepared = prepare(manifest, 4 * fine.width(), 4 * fine.height());
        TileCollector<Instances> collector = collector(manifest, prepared);
        collector.add(new Prediction(outputs("hovernet-0", golden)));

        Instances coarse = collector.finish();

        assertThat(coarse.count()).isEqualTo(fine.count());
        for (int i = 0; i < coarse.ids().length; i++) {
            int x = i % coarse.width() / 4;
            int y = i / coarse.width() / 4;
            assertThat(coarse.ids()[i]).isEqualTo(fine.ids()[y * fine.width() + x]);
        }
    }

    @Test
    void nucleiWithoutATypeHaveTheLabelUntyped() throws IOException {
        Npz golden = golden("hovernet-0");
        Map<String, Tensor> outputs = outputs("hovernet-0", golden);
        int[] sizes = golden.shape("type_prediction").toArray();
        float[] background = new float[sizes[0] * sizes[1] * sizes[2]];
        Arrays.fill(background, 0, sizes[1] * sizes[2], 3);
        outputs.put("type_prediction", Tensor.of(background, sizes));
        ModelManifest manifest = manifest("hovernet", sizes[0] - 1, new Tiling(4096, 0));
        UprightImage image = UprightImage.of8Bit(sizes[2], sizes[1], 3, new byte[3 * sizes[1] * sizes[2]]);
        TileCollector<Segmentation> collector = SegmentationTask.DEFAULT.collector(
                manifest, image, manifest.preprocessor().prepare(image));
        collector.add(new Prediction(outputs));

        List<SegmentedClass> classes = collector.finish().classes();

        assertThat(classes.stream().map(SegmentedClass::label))
                .containsExactly("type0", "type1", "type2", "type3", "untyped");
        assertThat(classes.stream().map(one -> one.objects().count()).toList())
                .containsExactly(0, 0, 0, 0, decode("hovernet-0", golden).count());
    }

    /** A model without types: two nuclei with a probability of 0.4, which is above the threshold 0.3. */
    @Test
    void nucleiOfTheOnlyTypeHaveItsLabelAtEveryThreshold() {
        ModelManifest manifest = ManifestReader.read("model.yaml", """
                task: segmentation
                labels: [nucleus]
                output: {decoder: hovernet}
                thresholds: {mask: 0.3}
                """);
        int side = 32;
        float[] probability = new float[2 * side * side];
        float[] distances = new float[2 * side * side];
        Arrays.fill(probability, 0, side * side, 9);
        for (int i = 0; i < side * side; i++) {
            int row = i / side;
            double fromTop = row - 15.5;
            double fromLeft = i % side - 15.5;
            if (Math.hypot(fromTop, fromLeft) < 9) {
                probability[i] = 0;
                probability[side * side + i] = (float) Math.log(0.4 / 0.6);
                distances[i] = (float) (fromLeft / 9);
                distances[side * side + i] = (float) (fromTop / 9);
            }
        }
        Map<String, Tensor> outputs = new LinkedHashMap<>();
        outputs.put("nucleus_prediction", Tensor.of(probability, 2, side, side));
        outputs.put("horizontal_vertical", Tensor.of(distances, 2, side, side));
        UprightImage image = UprightImage.of8Bit(side, side, 3, new byte[3 * side * side]);
        TileCollector<Segmentation> collector = SegmentationTask.DEFAULT.collector(
                manifest, image, manifest.preprocessor().prepare(image));
        collector.add(new Prediction(outputs));

        List<SegmentedClass> classes = collector.finish().classes();

        assertThat(classes.stream().map(SegmentedClass::label)).containsExactly("nucleus");
        assertThat(classes.get(0).objects().count()).isOne();
    }

    /** A picture of 448 pixels is scaled to 112; the centre of pixel 50 lies between 201 and 202 of the picture: (50 + 1/2) 4 - 1/2. */
    @Test
    void starPolygonsOfAScaledPictureLieWhereTheirPixelsLie() {
        ModelManifest manifest = ManifestReader.read("model.yaml", """
                task: segmentation
                labels: [cell]
                output: {decoder: stardist}
                input: {resize: {mode: stretch, width: 112, height: 112}}
                """);
        int side = 112;
        int rays = 32;
        float[] probability = new float[side * side];
        float[] distances = new float[rays * side * side];
        probability[50 * side + 50] = 0.99f;
        Arrays.fill(distances, 10);
        Map<String, Tensor> outputs = new LinkedHashMap<>();
        outputs.put("probability", Tensor.of(probability, 1, side, side));
        outputs.put("distances", Tensor.of(distances, rays, side, side));
        PreparedImage prepared = prepare(manifest, 448, 448);
        TileCollector<Instances> collector = collector(manifest, prepared);
        collector.add(new Prediction(outputs));

        Instances found = collector.finish();

        double sum = 0;
        int count = 0;
        for (int i = 0; i < found.ids().length; i++) {
            sum += found.ids()[i] == 0 ? 0 : i % found.width();
            count += found.ids()[i] == 0 ? 0 : 1;
        }
        assertThat(found.width()).isEqualTo(448);
        assertThat(sum / count).isCloseTo(201.5, within(0.1));
    }

    private static Instances decode(String name, Npz golden) {
        return decode(name, golden, new Tiling(4096, 0));
    }

    private static Instances decode(String name, Npz golden, Tiling tiling) {
        int types =
                golden.has("type_prediction") ? golden.shape("type_prediction").size(0) - 1 : 1;
        ModelManifest manifest = manifest(family(name), types, tiling);
        int height = golden.shape("expected").size(0);
        int width = golden.shape("expected").size(1);
        PreparedImage prepared = prepare(manifest, width, height);
        TileCollector<Instances> collector = collector(manifest, prepared);
        for (int tile = 0; tile < prepared.tiles(); tile++) {
            Map<String, Tensor> parts = new LinkedHashMap<>();
            LabelMap.Region place = prepared.place(tile);
            outputs(name, golden).forEach((output, map) -> parts.put(output, part(map, place, height)));
            collector.add(new Prediction(parts));
        }
        return collector.finish();
    }

    /** What a tile shows of a map of the whole picture, whose stride divides the place of the tile. */
    private static Tensor part(Tensor map, LabelMap.Region place, int height) {
        int stride = (height + map.shape().size(1) - 1) / map.shape().size(1);
        PlanarImage whole = new PlanarImage(
                map.shape().size(0), map.shape().size(1), map.shape().size(2), map.floats());
        int wide = place.width() / stride;
        int high = place.height() / stride;
        float[] values = new float[whole.channels() * high * wide];
        for (int c = 0; c < whole.channels(); c++) {
            for (int y = 0; y < high; y++) {
                for (int x = 0; x < wide; x++) {
                    values[(c * high + y) * wide + x] = whole.value(c, place.y() / stride + y, place.x() / stride + x);
                }
            }
        }
        return Tensor.of(values, whole.channels(), high, wide);
    }

    private static Map<String, Tensor> outputs(String name, Npz golden) {
        Map<String, Tensor> outputs = new LinkedHashMap<>();
        for (String output : Objects.requireNonNull(OUTPUTS.get(family(name)))) {
            outputs.put(output, golden.tensor(output));
        }
        return outputs;
    }

    private static ModelManifest manifest(String decoder, int labels, Tiling tiling) {
        String names = IntStream.range(0, labels).mapToObj(i -> "type" + i).collect(Collectors.joining(", "));
        return ManifestReader.read("model.yaml", """
                task: segmentation
                labels: [%s]
                output: {decoder: %s}
                input: {sizeMultiple: 1, tile: {size: %d, overlap: %d}}
                """.formatted(names, decoder, tiling.size(), tiling.overlap()));
    }

    private static PreparedImage prepare(ModelManifest manifest, int width, int height) {
        UprightImage image = UprightImage.of8Bit(width, height, 3, new byte[3 * width * height]);
        return manifest.preprocessor().prepare(image);
    }

    private static TileCollector<Instances> collector(ModelManifest manifest, PreparedImage prepared) {
        InstanceSpec spec = Objects.requireNonNull(manifest.output().instances());
        return InstanceCollectors.of(spec, manifest, prepared, null);
    }

    private static Npz golden(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(
                InstanceDecodersTest.class.getResourceAsStream("/golden/decoders/" + name + ".npz"))) {
            return Npz.read(in.readAllBytes());
        }
    }

    private static String family(String name) {
        return name.substring(0, name.indexOf(name.contains("_") ? '_' : '-'));
    }

    private static int[] ints(Npz golden, String name) {
        float[] values = golden.floats(name);
        int[] ints = new int[values.length];
        for (int i = 0; i < ints.length; i++) {
            ints[i] = (int) values[i];
        }
        return ints;
    }
}
