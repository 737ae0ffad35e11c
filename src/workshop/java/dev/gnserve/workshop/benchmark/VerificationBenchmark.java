package dev.gnserve.workshop.benchmark;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.backend.BackendModel;
import dev.gnserve.backend.BackendPlan;
import dev.gnserve.backend.BackendSession;
import dev.gnserve.backend.Engine;
import dev.gnserve.backend.EngineScope;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.model.ExpectedGroupNorm;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.ModelSource;
import dev.gnserve.process.ResidentMemory;
import dev.gnserve.verification.Decisions;
import dev.gnserve.verification.ModelVerifier;
import dev.gnserve.verification.Verdict;
import dev.gnserve.verification.VerificationReport;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/** What a verification costs, in plain inferences of the same model on the same input, and whether its memory returns. */
public final class VerificationBenchmark {

    private static final int WARM_UP = 5;

    private VerificationBenchmark() {}

    /**
     * Medians over rounds in which the three take turns; the shares are medians of each round's own.
     *
     * @param forwardMillis a plain inference
     * @param layerCheckMillis every Group Normalization of one against float64
     * @param fullMillis that, and the image in a batch of 2
     * @param layerCheckForwards the layer check in plain inferences
     * @param fullForwards the full verification in plain inferences
     */
    public record Cost(
            int rounds,
            int calls,
            double forwardMillis,
            double layerCheckMillis,
            double fullMillis,
            double layerCheckForwards,
            double fullForwards) {}

    /**
     * Memory over many full verifications.
     *
     * @param resident megabytes of the process after each tenth of them
     * @param arraysBefore native arrays open after the first
     * @param arraysAfter native arrays open after the last
     */
    public record Memory(int verifications, List<Long> resident, int arraysBefore, int arraysAfter) {}

    public record Report(Cost cost, Memory memory) {}

    /**
     * Measures.
     *
     * @param rounds of the cost
     * @param repeat full verifications of the memory, at least ten
     */
    public static Report run(ModelSource source, ModelManifest manifest, FloatTensor image, int rounds, int repeat)
            throws IOException {
        try (Engine engine = new Engine(PyTorchBackend.start(EngineSettings.defaults()));
                ArchiveSnapshot archive = source.snapshot()) {
            EngineScope scope = engine.scope(source.name());
            BackendPlan plan = manifest.execution().withThreads(0);
            try (BackendModel model = scope.load(archive, plan);
                    ModelVerifier verifier = new ModelVerifier(
                            scope,
                            archive,
                            source.name(),
                            plan,
                            ExpectedGroupNorm.ANY,
                            Decisions.of(manifest),
                            Duration.ofMinutes(5))) {
                Cost cost = cost(model.newSession(), verifier, image, rounds);
                return new Report(cost, memory(engine, verifier, image, Math.max(10, repeat)));
            }
        }
    }

    private static Cost cost(BackendSession session, ModelVerifier verifier, FloatTensor image, int rounds) {
        List<FloatTensor> input = List.of(image);
        double[][] millis = new double[3][rounds];
        double[] layerCheck = new double[rounds];
        double[] full = new double[rounds];
        for (int round = -WARM_UP; round < rounds; round++) {
            double plain = millis(() -> session.run(input));
            double layers = millis(() -> passed(verifier.verifyNow(image, 0)));
            double whole = millis(() -> passed(verifier.verifyNow(image, 2)));
            if (round >= 0) {
                millis[0][round] = plain;
                millis[1][round] = layers;
                millis[2][round] = whole;
                layerCheck[round] = layers / plain;
                full[round] = whole / plain;
            }
        }
        return new Cost(
                rounds,
                verifier.verifyNow(image, 0).calls().size(),
                median(millis[0]),
                median(millis[1]),
                median(millis[2]),
                median(layerCheck),
                median(full));
    }

    private static Memory memory(Engine engine, ModelVerifier verifier, FloatTensor image, int repeat) {
        passed(verifier.verifyNow(image, 2));
        int arraysBefore = engine.openArrays();
        Long[] resident = new Long[10];
        for (int i = 0; i < repeat; i++) {
            passed(verifier.verifyNow(image, 2));
            resident[10 * i / repeat] = Math.round(ResidentMemory.bytes() / (1 << 20));
        }
        return new Memory(repeat, List.of(resident), arraysBefore, engine.openArrays());
    }

    /** A benchmark of a verification that found something would measure something else. */
    private static void passed(VerificationReport report) {
        if (report.verdict() != Verdict.PASS) {
            throw new IllegalStateException("the verification gives " + report.verdict() + ": " + report.reason());
        }
    }

    private static double millis(Runnable work) {
        long began = System.nanoTime();
        work.run();
        return (System.nanoTime() - began) / 1e6;
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
    }
}
