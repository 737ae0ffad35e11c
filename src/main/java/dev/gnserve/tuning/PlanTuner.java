package dev.gnserve.tuning;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.ExecutionPlan;
import dev.gnserve.backend.BackendModel;
import dev.gnserve.backend.BackendPlan;
import dev.gnserve.backend.BackendSession;
import dev.gnserve.backend.EngineScope;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.OutputDifference;
import dev.gnserve.backend.Prediction;
import dev.gnserve.failure.FailureException;
import dev.gnserve.model.Accuracy;
import dev.gnserve.model.Execution;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.PlanReport;
import dev.gnserve.model.TuningReport;
import dev.gnserve.verification.Decisions;
import dev.gnserve.verification.ModelVerifier;
import dev.gnserve.verification.Verdict;
import dev.gnserve.verification.VerificationReport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Tries the {@link ExecutionPlan}s of a model: compares its answers with those of the model as exported, verifies its Group
 * Normalization, and times the plans that are admitted, pass by pass in turn, so that what else runs on the machine meets all of them
 * alike. For one thread.
 */
public final class PlanTuner {

    /** A plan is faster if it was so in this share of the rounds. */
    private static final double CLEAR = 0.8;

    /** A plan that is not faster by this factor is not worth a change. */
    private static final double WORTHWHILE = 1.05;

    /** What a plan must gain over a simpler one. */
    private static final double MORE = 1.02;

    /** Of the timing, where it may take its time. */
    private static final Effort TUNING = new Effort(8, 51, true);

    /** Of the timing while a model loads. */
    private static final Effort LOADING = new Effort(5, 12, false);

    /**
     * How a measurement is made.
     *
     * @param least rounds of the timing, also if it then takes too long
     * @param most rounds
     * @param reported whether what fails is part of the report; else it ends the measurement, because it may pass: memory, for example
     */
    private record Effort(int least, int most, boolean reported) {

        /** Winograd takes more memory than the others, and not every processor has the narrow plans: the others are measured without them. */
        void requireLasting(ExecutionPlan plan, FailureException failure) {
            if (!reported && plan != ExecutionPlan.WINOGRAD && !plan.isNarrow()) {
                throw failure;
            }
        }
    }

    private final EngineScope scope;
    private final ArchiveSnapshot archive;
    private final ModelManifest manifest;
    private final List<FloatTensor> images;
    private final Accuracy accuracy;
    private final Decisions decisions;

    /** @param images inputs of the model, at least one; the first one is timed */
    public PlanTuner(
            EngineScope scope,
            ArchiveSnapshot archive,
            ModelManifest manifest,
            List<FloatTensor> images,
            Accuracy accuracy) {
        this.scope = scope;
        this.archive = archive;
        this.manifest = manifest;
        this.images = List.copyOf(images);
        this.accuracy = accuracy;
        this.decisions = Decisions.of(manifest);
    }

    /** A plan with which the model is loaded. */
    private static final class Candidate {

        final ExecutionPlan plan;
        final BackendModel model;
        final BackendSession session;
        final List<Prediction> predictions;
        final List<Double> millis = new ArrayList<>();
        double difference;
        long changed;

        @Nullable
        String refusal;

        Candidate(ExecutionPlan plan, BackendModel model, List<FloatTensor> images) {
            this.plan = plan;
            this.model = model;
            this.session = model.newSession();
            this.predictions = images.stream()
                    .map(image -> session.run(List.of(image)).predictions().get(0))
                    .toList();
        }
    }

    /**
     * Tries the plans.
     *
     * @param longest for the timing
     * @throws FailureException if the model does not run as exported
     */
    public TuningReport run(String model, String version, Duration longest) {
        Candidate exported = load(ExecutionPlan.AS_EXPORTED);
        List<ExecutionPlan> all = List.of(
                ExecutionPlan.CHANNELS_LAST, ExecutionPlan.WINOGRAD, ExecutionPlan.BFLOAT16, ExecutionPlan.INT8);
        return compare(model, version, exported, on(exported.model.device(), all), List.of(), longest, TUNING);
    }

    /**
     * Tries plans, as many as can be timed.
     *
     * @param plans the one that gains most last
     * @param unmeasured other plans, with the reason
     * @param longest for the timing
     * @throws FailureException if the model does not run as exported or by the plans, or cannot be verified
     */
    TuningReport runBriefly(
            String model, String version, List<ExecutionPlan> plans, List<PlanReport> unmeasured, Duration longest) {
        Candidate exported = load(ExecutionPlan.AS_EXPORTED);
        List<ExecutionPlan> tried;
        List<PlanReport> leftOut = new ArrayList<>(unmeasured);
        try {
            exported.millis.add(pass(exported));
            double seconds = exported.millis.get(0) / 1e3;
            int fitting = Math.max(1, (int) (longest.toMillis() / 1e3 / (LOADING.least * seconds))) - 1;
            List<ExecutionPlan> possible = on(exported.model.device(), plans);
            // The last one gains most.
            tried = possible.subList(Math.max(0, possible.size() - fitting), possible.size());
            if (tried.isEmpty()) {
                String reason = String.format(
                        Locale.ROOT,
                        "a pass takes %.2f s, and %d passes of each plan do not fit into %.1f s; `gnserve tune %s`"
                                + " measures them",
                        seconds,
                        LOADING.least,
                        longest.toMillis() / 1e3,
                        model);
                exported.model.close();
                return new TuningReport(
                        model,
                        version,
                        images.size(),
                        1,
                        List.of(report(exported, exported, 0)),
                        ExecutionPlan.AS_EXPORTED.label(),
                        reason);
            }
            exported.millis.clear();
            possible.subList(0, possible.size() - tried.size())
                    .forEach(plan ->
                            leftOut.add(PlanReport.failed(plan, "not measured, because there was no time for it")));
        } catch (RuntimeException | Error e) {
            exported.model.close();
            throw e;
        }
        return compare(model, version, exported, tried, leftOut, longest, LOADING);
    }

    /** On a GPU, winograd is channels-last, and int8 does not run. */
    private static List<ExecutionPlan> on(String device, List<ExecutionPlan> plans) {
        return plans.stream()
                .filter(plan ->
                        !device.startsWith("gpu") || (plan != ExecutionPlan.WINOGRAD && plan != ExecutionPlan.INT8))
                .toList();
    }

    private TuningReport compare(
            String model,
            String version,
            Candidate exported,
            List<ExecutionPlan> plans,
            List<PlanReport> leftOut,
            Duration longest,
            Effort effort) {
        List<Candidate> running = new ArrayList<>(List.of(exported));
        List<PlanReport> failed = new ArrayList<>(leftOut);
        try {
            long made =
                    exported.predictions.stream().mapToLong(decisions::positive).sum();
            for (ExecutionPlan plan : plans) {
                Candidate candidate;
                try {
                    candidate = load(plan);
                } catch (FailureException e) {
                    effort.requireLasting(plan, e);
                    failed.add(PlanReport.failed(plan, e.failure().detail()));
                    continue;
                }
                running.add(candidate);
                try {
                    candidate.refusal = refusal(candidate, exported, made);
                } catch (FailureException e) {
                    effort.requireLasting(plan, e);
                    candidate.refusal = "it cannot be verified: " + e.failure().detail();
                }
            }
            time(running, longest, effort);
            List<PlanReport> reports = new ArrayList<>();
            running.forEach(candidate -> reports.add(report(candidate, exported, made)));
            reports.addAll(failed);
            return choose(model, version, reports, running, exported);
        } finally {
            running.forEach(candidate -> candidate.model.close());
        }
    }

    private Candidate load(ExecutionPlan plan) {
        Execution execution = manifest.execution();
        int threads = execution.threadsOn(Runtime.getRuntime().availableProcessors());
        BackendModel model = scope.load(archive, new BackendPlan(execution.device(), threads, plan));
        try {
            return new Candidate(plan, model, images);
        } catch (RuntimeException | Error e) {
            model.close();
            throw e;
        }
    }

    /** Compares a plan with the model as exported. Returns why it is refused; null if it is admitted. */
    private @Nullable String refusal(Candidate candidate, Candidate exported, long made) {
        if (exported.predictions.stream()
                .flatMap(prediction -> prediction.outputs().values().stream())
                .allMatch(output -> output.elements() == 0)) {
            return "the model's outputs are empty for these images, so they show nothing; `gnserve tune --data PICTURES` tries others";
        }
        for (int i = 0; i < images.size(); i++) {
            Prediction expected = exported.predictions.get(i);
            Prediction actual = candidate.predictions.get(i);
            candidate.difference = Math.max(candidate.difference, OutputDifference.of(expected, actual));
            if (Double.isFinite(candidate.difference)) { // Otherwise it is refused, and shapes may differ.
                candidate.changed += decisions.changed(expected, actual);
            }
        }
        if (!(candidate.difference <= accuracy.mostDifference())) {
            return "its outputs differ from those as exported by %.1e of their size, allowed is %.0e%s"
                    .formatted(candidate.difference, accuracy.mostDifference(), where(candidate.plan));
        }
        if (candidate.changed > accuracy.mostChanged() * made) {
            return "it changes %,d of %,d decisions, allowed is one in %.0f"
                    .formatted(candidate.changed, made, 1 / accuracy.mostChanged());
        }
        return verify(candidate.plan).stream()
                .filter(report -> report.verdict() == Verdict.FAIL)
                .map(report -> "verification fails: " + report.reason())
                .findFirst()
                .orElse(null);
    }

    private List<VerificationReport> verify(ExecutionPlan plan) {
        try (ModelVerifier verifier = new ModelVerifier(
                scope,
                archive,
                archive.name(),
                new BackendPlan(manifest.execution().device(), 0, plan),
                manifest.verification().expected(),
                decisions,
                Duration.ofMinutes(1))) {
            return images.stream().map(image -> verifier.verifyNow(image, 0)).toList();
        }
    }

    /** The first Group Normalization whose output differs, for a message. */
    private String where(ExecutionPlan plan) {
        String layer = PlanLayers.parting(scope, archive, manifest.execution().device(), plan, images.get(0), accuracy);
        return layer == null ? "" : ". The first Group Normalization that differs is " + layer;
    }

    private void time(List<Candidate> candidates, Duration longest, Effort effort) {
        long until = System.nanoTime() + longest.toNanos();
        for (int round = 0; round < effort.least || (round < effort.most && System.nanoTime() < until); round++) {
            for (Candidate candidate : candidates) {
                candidate.millis.add(pass(candidate));
            }
        }
    }

    /** The milliseconds of a pass. */
    private double pass(Candidate candidate) {
        long start = System.nanoTime();
        candidate.session.run(List.of(images.get(0)));
        return (System.nanoTime() - start) / 1e6;
    }

    private static PlanReport report(Candidate candidate, Candidate exported, long made) {
        return new PlanReport(
                candidate.plan.label(),
                median(candidate.millis),
                median(ratios(candidate, exported)),
                candidate.difference,
                candidate.changed,
                made,
                candidate.refusal);
    }

    private TuningReport choose(
            String model, String version, List<PlanReport> plans, List<Candidate> running, Candidate exported) {
        Candidate best = exported;
        double speedup = 1;
        for (Candidate candidate : running) {
            List<Double> ratios = ratios(candidate, exported);
            double gain = median(ratios);
            double faster = (double) ratios.stream().filter(ratio -> ratio > 1).count() / ratios.size();
            if (candidate.refusal == null && gain >= WORTHWHILE && faster >= CLEAR && gain > MORE * speedup) {
                best = candidate;
                speedup = gain;
            }
        }
        String reason = best == exported
                ? "no admitted plan is clearly faster"
                : "%.2f times as fast as exported, in the median of %d rounds%s"
                        .formatted(
                                speedup,
                                best.millis.size(),
                                accuracy.equals(Accuracy.EXACT) ? "" : ", with the accuracy " + accuracy.label());
        return new TuningReport(
                model, version, images.size(), exported.millis.size(), plans, best.plan.label(), reason);
    }

    private static List<Double> ratios(Candidate candidate, Candidate exported) {
        List<Double> ratios = new ArrayList<>();
        for (int round = 0; round < candidate.millis.size(); round++) {
            ratios.add(exported.millis.get(round) / candidate.millis.get(round));
        }
        return ratios;
    }

    private static double median(List<Double> values) {
        double[] sorted = values.stream().mapToDouble(Double::doubleValue).toArray();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
