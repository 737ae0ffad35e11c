package dev.gnserve.workshop.training;

import dev.gnserve.backend.Device;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.detection.DenseBoxes;
import dev.gnserve.detection.Detection;
import dev.gnserve.detection.NonMaximumSuppression;
import dev.gnserve.evaluation.AveragePrecision;
import dev.gnserve.evaluation.BloodCellData;
import dev.gnserve.evaluation.Found;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Trains on a folder of blood cells; a rerun goes on from the last checkpoint of the run folder. */
public final class BloodCellTraining {

    private static final System.Logger LOG = System.getLogger(BloodCellTraining.class.getName());

    private static final int STEPS_PER_VALIDATION = 300;
    private static final float LEAST_SCORE = 0.05f;
    private static final NonMaximumSuppression SUPPRESSION = new NonMaximumSuppression(0.6);
    private static final int MOST_DETECTIONS = 100;

    private final BloodCellRecipe recipe;
    private final RunFolder run;
    private final List<BoxedImage> validation;
    private final BoxSampler sampler;

    BloodCellTraining(BloodCellRecipe recipe, List<BoxedImage> training, List<BoxedImage> validation, RunFolder run) {
        this.recipe = recipe;
        this.run = run;
        this.validation = List.copyOf(validation);
        sampler = new BoxSampler(training, recipe.cropSize(), recipe.network().classes(), recipe.seed());
    }

    /**
     * Trains on the split {@code train} of a data set, watching the split {@code val}; or on all but a fold, watching nothing.
     *
     * @param data folder of the data set
     * @param run folder of the run; if it holds a checkpoint, the run goes on from there
     */
    public static void run(BloodCellRecipe recipe, Path data, Path run) throws IOException {
        // One engine thread for each replica, see ParallelGradient.
        try (PyTorchBackend engine = PyTorchBackend.start(new EngineSettings(Device.CPU, 1))) {
            RunFolder folder = new RunFolder(run);
            folder.begin(recipe);
            BloodCellData cells = BloodCellData.open(data);
            List<BoxedImage> training = TrainingImages.load(cells, cells.training(recipe.fold()));
            List<BoxedImage> validation =
                    recipe.fold().isNone() ? TrainingImages.load(cells, cells.files("val")) : List.of();
            LOG.log(
                    Level.INFO,
                    () -> "%s on %d images in %s"
                            .formatted(
                                    recipe, training.size(), engine.describe().name()));
            new BloodCellTraining(recipe, training, validation, folder).run();
        }
    }

    Checkpoint run() throws IOException {
        return runUntil(recipe.steps());
    }

    /** Runs the first steps of the recipe, as an interrupted run would. */
    Checkpoint runUntil(int end) throws IOException {
        try (ParallelGradient<TrainableFcos, BoxBatch> replicas =
                new ParallelGradient<>(() -> new TrainableFcos(recipe.network()), BloodCellRecipe.REPLICAS)) {
            TrainableFcos first = replicas.first();
            Checkpoint state =
                    run.hasCheckpoint() ? run.checkpoint() : Checkpoint.initial(first.initialWeights(recipe.seed()));
            AdamW optimizer = new AdamW(
                    state, first.weights().decays(), BloodCellRecipe.WEIGHT_DECAY, BloodCellRecipe.AVERAGE_DECAY);
            new TrainingLoop<>(
                            "bloodcells",
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

    private List<BoxBatch> batches(int step) {
        return IntStream.range(0, BloodCellRecipe.REPLICAS)
                .mapToObj(replica -> sampler.batch(step * BloodCellRecipe.REPLICAS + replica, recipe.crops()))
                .toList();
    }

    /** AP50 of each class. What is served is judged by the evaluation instead, through the archive and with everything around it. */
    private Map<String, Double> validate(ParallelGradient<TrainableFcos, BoxBatch> replicas, float[] average) {
        if (validation.isEmpty()) {
            return Map.of();
        }
        List<List<Detection>> detections = replicas.map(average, validation, BloodCellTraining::detect);
        AveragePrecision precision = new AveragePrecision();
        for (int i = 0; i < validation.size(); i++) {
            precision.add(
                    validation.get(i).boxes(),
                    detections.get(i).stream().map(Found::of).toList());
        }
        Map<String, Double> scores = new LinkedHashMap<>();
        for (int label = 0; label < recipe.network().classes(); label++) {
            scores.put(BloodCellData.LABELS.get(label), precision.of(label, 0.5));
        }
        return scores;
    }

    static List<Detection> detect(TrainableFcos network, BoxedImage image) {
        float[] planes = image.planes().clone();
        BloodCellRecipe.normalize(planes);
        DenseOutput output = network.output(planes, image.height(), image.width());
        DenseBoxes boxes = new DenseBoxes(network.network().shape().classes(), output.boxes(), output.scores());
        return SUPPRESSION.apply(boxes.candidates(LEAST_SCORE), MOST_DETECTIONS);
    }
}
