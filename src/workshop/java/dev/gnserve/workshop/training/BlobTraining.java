package dev.gnserve.workshop.training;

import dev.gnserve.backend.Device;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.image.Cancellation;
import dev.gnserve.instances.BoundaryWatershed;
import dev.gnserve.model.WatershedSpec;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/** Trains on made volumes; a rerun goes on from the last checkpoint of the run folder. */
public final class BlobTraining {

    private static final System.Logger LOG = System.getLogger(BlobTraining.class.getName());

    private static final int STEPS_PER_VALIDATION = 100;

    /** A volume is large enough for several. */
    private static final int ENGINE_THREADS = 2;

    /** So many volumes are never trained with: their seeds are below 0. */
    private static final int HELD_OUT = 12;

    /** As in the example's model.yaml. */
    static final WatershedSpec WATERSHED =
            new WatershedSpec(0.5f, 0.6f, 0, 60, 0.5f, List.of(BlobVolume.PLANE_DISTANCE, 1.0, 1.0), false);

    private BlobTraining() {}

    /**
     * Trains, and scores volumes that it has not trained with: Dice of the voxels of blobs, and F1 of the blobs, of which one is
     * found if an object and it share more than half of the voxels that either has.
     *
     * @param run folder of the run; if it holds a checkpoint, the run goes on from there
     */
    public static void run(BlobRecipe recipe, Path run) throws IOException {
        try (PyTorchBackend engine = PyTorchBackend.start(new EngineSettings(Device.CPU, ENGINE_THREADS))) {
            LOG.log(Level.INFO, () -> recipe + " in " + engine.describe().name());
            RunFolder folder = new RunFolder(run);
            folder.begin(recipe);
            train(recipe, folder, recipe.steps());
        }
    }

    static Checkpoint train(BlobRecipe recipe, RunFolder run, int end) throws IOException {
        List<BlobVolume> heldOut = LongStream.range(-HELD_OUT, 0)
                .mapToObj(seed -> volume(recipe, seed))
                .toList();
        try (ParallelGradient<TrainableBlobs, BlobVolume> replicas =
                new ParallelGradient<>(() -> new TrainableBlobs(recipe.network()), 1)) {
            NetworkWeights weights = replicas.first().weights();
            Checkpoint state =
                    run.hasCheckpoint() ? run.checkpoint() : Checkpoint.initial(weights.initial(recipe.seed()));
            AdamW optimizer = new AdamW(state, weights.decays(), BlobRecipe.WEIGHT_DECAY, BlobRecipe.AVERAGE_DECAY);
            new TrainingLoop<>(
                            "blobs",
                            new OneCycle(recipe.peakLearningRate(), recipe.steps()),
                            recipe.steps(),
                            STEPS_PER_VALIDATION,
                            replicas,
                            step -> List.of(volume(recipe, (recipe.seed() << 32) + step)),
                            average -> scores(replicas.map(average, heldOut, BlobTraining::score)))
                    .run(state, optimizer, end, run);
            return state;
        }
    }

    private static BlobVolume volume(BlobRecipe recipe, long seed) {
        return BlobVolume.made(seed, recipe.depth(), recipe.side(), recipe.side());
    }

    /**
     * Counts of one volume or several.
     *
     * @param common voxels of blobs that are found
     * @param both voxels of blobs, and voxels that are found
     * @param matched blobs that are found
     * @param blobs blobs, and objects
     */
    record Score(long common, long both, int matched, int blobs) {

        private Score plus(Score other) {
            return new Score(common + other.common, both + other.both, matched + other.matched, blobs + other.blobs);
        }

        double dice() {
            return 2.0 * common / both;
        }

        double f1() {
            return 2.0 * matched / blobs;
        }
    }

    private static Map<String, Double> scores(List<Score> scores) {
        Score all = scores.stream().reduce(new Score(0, 0, 0, 0), Score::plus);
        Map<String, Double> named = new LinkedHashMap<>();
        named.put("dice", all.dice());
        named.put("f1", all.f1());
        return named;
    }

    private static Score score(TrainableBlobs network, BlobVolume volume) {
        return score(network.probabilities(volume), volume);
    }

    /** @param probabilities of blobs and rims, float32 [2, depth, height, width] */
    static Score score(float[] probabilities, BlobVolume volume) {
        int voxels = volume.ids().length;
        BitSet inside = new BitSet(voxels);
        float[] rims = new float[voxels];
        for (int i = 0; i < voxels; i++) {
            inside.set(i, probabilities[i] > 0.5f);
            rims[i] = probabilities[voxels + i];
        }
        int[] sizes = volume.shape().stream().mapToInt(Integer::intValue).toArray();
        int[] found = new BoundaryWatershed(WATERSHED, Cancellation.NEVER).find(rims, inside, sizes);
        Map<Integer, Integer> blobs = new HashMap<>();
        Map<Integer, Integer> objects = new HashMap<>();
        Map<List<Integer>, Integer> shared = new HashMap<>();
        long common = 0;
        long both = 0;
        for (int i = 0; i < voxels; i++) {
            int blob = volume.ids()[i];
            common += blob != 0 && inside.get(i) ? 1 : 0;
            both += (blob != 0 ? 1 : 0) + (inside.get(i) ? 1 : 0);
            if (blob != 0) {
                blobs.merge(blob, 1, Integer::sum);
            }
            if (found[i] != 0) {
                objects.merge(found[i], 1, Integer::sum);
            }
            if (blob != 0 && found[i] != 0) {
                shared.merge(List.of(blob, found[i]), 1, Integer::sum);
            }
        }
        int matched = 0;
        for (Map.Entry<List<Integer>, Integer> pair : shared.entrySet()) {
            int union = blobs.getOrDefault(pair.getKey().get(0), 0)
                    + objects.getOrDefault(pair.getKey().get(1), 0)
                    - pair.getValue();
            matched += 2 * pair.getValue() > union ? 1 : 0;
        }
        return new Score(common, both, matched, blobs.size() + objects.size());
    }
}
