package dev.gnserve.workshop.training;

import dev.gnserve.backend.Device;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.evaluation.NucleiData;
import dev.gnserve.evaluation.SegmentationScores;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Trains on a folder of nuclei; a rerun goes on from the last checkpoint of the run folder. */
public final class NucleiTraining {

    private static final System.Logger LOG = System.getLogger(NucleiTraining.class.getName());

    private static final int STEPS_PER_VALIDATION = 500;
    /** Larger images are left out of the validation between steps; the evaluation of the export has all. */
    private static final int VALIDATION_PIXELS = 400_000;

    private final NucleiRecipe recipe;
    private final RunFolder run;
    private final List<LabelledImage> validation;
    private final CropSampler sampler;

    NucleiTraining(NucleiRecipe recipe, List<LabelledImage> training, List<LabelledImage> validation, RunFolder run) {
        this.recipe = recipe;
        this.run = run;
        this.validation = validation.stream()
                .filter(image -> image.pixels() <= VALIDATION_PIXELS)
                .toList();
        sampler = new CropSampler(training, recipe.cropSize(), recipe.seed());
    }

    /**
     * Trains on the split {@code train} of a data set, watching the split {@code val}.
     *
     * @param data folder of the data set
     * @param run folder of the run; if it holds a checkpoint, the run goes on from there
     */
    public static void run(NucleiRecipe recipe, Path data, Path run) throws IOException {
        // One engine thread for each replica, see ParallelGradient.
        try (PyTorchBackend engine = PyTorchBackend.start(new EngineSettings(Device.CPU, 1))) {
            LOG.log(Level.INFO, () -> recipe + " in " + engine.describe().name());
            RunFolder folder = new RunFolder(run);
            folder.begin(recipe);
            NucleiData nuclei = NucleiData.open(data);
            List<LabelledImage> training =
                    TrainingImages.load(nuclei, nuclei.files("train"), NucleiRecipe.NORMALIZATION);
            List<LabelledImage> validation =
                    TrainingImages.load(nuclei, nuclei.files("val"), NucleiRecipe.NORMALIZATION);
            new NucleiTraining(recipe, training, validation, folder).run();
        }
    }

    Checkpoint run() throws IOException {
        return runUntil(recipe.steps());
    }

    /** Runs the first steps of the recipe, as an interrupted run would. */
    Checkpoint runUntil(int end) throws IOException {
        try (ParallelGradient<TrainableUNet, CropBatch> replicas =
                new ParallelGradient<>(() -> new TrainableUNet(recipe.network()), NucleiRecipe.REPLICAS)) {
            NetworkWeights weights = replicas.first().weights();
            Checkpoint state =
                    run.hasCheckpoint() ? run.checkpoint() : Checkpoint.initial(weights.initial(recipe.seed()));
            AdamW optimizer = new AdamW(state, weights.decays(), NucleiRecipe.WEIGHT_DECAY, NucleiRecipe.AVERAGE_DECAY);
            new TrainingLoop<>(
                            "nuclei",
                            new OneCycle(recipe.peakLearningRate(), recipe.steps()),
                            recipe.steps(),
                            STEPS_PER_VALIDATION,
                            replicas,
                            this::batches,
                            average -> validate(replicas, average))
                    .run(state, optimizer, end, run);
            return state;
        }
    }

    private List<CropBatch> batches(int step) {
        return IntStream.range(0, NucleiRecipe.REPLICAS)
                .mapToObj(replica -> sampler.batch(step * NucleiRecipe.REPLICAS + replica, recipe.crops()))
                .toList();
    }

    private Map<String, Double> validate(ParallelGradient<TrainableUNet, CropBatch> replicas, float[] average) {
        SegmentationScores sum =
                replicas.map(average, validation, new Validation(NucleiRecipe.OBJECT_FINDER)::score).stream()
                        .reduce(SegmentationScores.NONE, SegmentationScores::plus);
        Map<String, Double> scores = new LinkedHashMap<>();
        scores.put("dice", sum.dice());
        scores.put("f1", sum.f1());
        return scores;
    }
}
