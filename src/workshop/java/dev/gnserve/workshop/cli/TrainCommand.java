package dev.gnserve.workshop.cli;

import dev.gnserve.cli.FoldConverter;
import dev.gnserve.evaluation.Fold;
import dev.gnserve.workshop.training.BlobRecipe;
import dev.gnserve.workshop.training.BlobTraining;
import dev.gnserve.workshop.training.BloodCellRecipe;
import dev.gnserve.workshop.training.BloodCellTraining;
import dev.gnserve.workshop.training.NucleiRecipe;
import dev.gnserve.workshop.training.NucleiTraining;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "train",
        description = "Trains an embedded network from its data set.",
        subcommands = {TrainCommand.Nuclei.class, TrainCommand.BloodCells.class, TrainCommand.Blobs.class})
final class TrainCommand implements Runnable {

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(), "Which data set? " + spec.subcommands().keySet());
    }

    @Command(
            name = "nuclei",
            description =
                    "Trains the U-Net of nuclei-unet-gn. A rerun with the same --out goes on where the last one stopped.")
    static final class Nuclei implements Callable<Integer> {

        @Option(
                names = "--data",
                required = true,
                description = "Folder with images/, masks/, split.json and index.csv.")
        @SuppressWarnings("NullAway.Init")
        private Path data;

        @Option(names = "--out", required = true, description = "Folder of the run: checkpoint and history.")
        @SuppressWarnings("NullAway.Init")
        private Path out;

        @Option(names = "--steps", description = "Optimizer steps (default: ${DEFAULT-VALUE}).", defaultValue = "8000")
        private int steps;

        @Option(names = "--seed", description = "Seed (default: ${DEFAULT-VALUE}).", defaultValue = "1")
        private long seed;

        @Override
        public Integer call() throws IOException {
            NucleiTraining.run(NucleiRecipe.DEFAULT.withSteps(steps).withSeed(seed), data, out);
            return 0;
        }
    }

    @Command(
            name = "bloodcells",
            description =
                    "Trains the detector of bloodcell-fcos-gn. A rerun with the same --out goes on where the last one stopped.")
    static final class BloodCells implements Callable<Integer> {

        @Option(
                names = "--data",
                required = true,
                description = "Folder with images/, annotations_relabelled.json, split.json and quality.json.")
        @SuppressWarnings("NullAway.Init")
        private Path data;

        @Option(names = "--out", required = true, description = "Folder of the run: checkpoint and history.")
        @SuppressWarnings("NullAway.Init")
        private Path out;

        @Option(names = "--steps", description = "Optimizer steps (default: ${DEFAULT-VALUE}).", defaultValue = "1800")
        private int steps;

        @Option(names = "--seed", description = "Seed (default: ${DEFAULT-VALUE}).", defaultValue = "1")
        private long seed;

        @Option(
                names = "--fold",
                paramLabel = "K/N",
                description =
                        "Learns from all relabelled images but the Kth of N parts, to be measured with evaluate --fold.",
                converter = FoldConverter.class)
        private Fold fold = Fold.NONE;

        @Override
        public Integer call() throws IOException {
            BloodCellRecipe recipe =
                    BloodCellRecipe.DEFAULT.withSteps(steps).withSeed(seed).withFold(fold);
            BloodCellTraining.run(recipe, data, out);
            return 0;
        }
    }

    @Command(
            name = "blobs",
            description =
                    "Trains the 3-D U-Net of the example volume on made volumes, and scores others: Dice and F1 in history.csv. A rerun"
                            + " with the same --out goes on where the last one stopped.")
    static final class Blobs implements Callable<Integer> {

        @Option(names = "--out", required = true, description = "Folder of the run: checkpoint and history.")
        @SuppressWarnings("NullAway.Init")
        private Path out;

        @Option(names = "--steps", description = "Optimizer steps (default: ${DEFAULT-VALUE}).", defaultValue = "600")
        private int steps;

        @Option(names = "--seed", description = "Seed (default: ${DEFAULT-VALUE}).", defaultValue = "1")
        private long seed;

        @Override
        public Integer call() throws IOException {
            BlobTraining.run(BlobRecipe.DEFAULT.withSteps(steps).withSeed(seed), out);
            return 0;
        }
    }
}
