package dev.gnserve.training;

import ai.djl.engine.Engine;
import ai.djl.training.GradientCollector;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BiFunction;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * Gradients of one step, computed by replicas of the network side by side: each has a thread, a share of the crops and one core. That wastes less
 * than one replica with many engine threads, which wait for each other in every operator. The number of replicas is part of the recipe, not
 * of the machine, so the result does not depend on the cores.
 */
final class ParallelGradient implements AutoCloseable {

    private final List<TrainableUNet> replicas = new ArrayList<>();
    private final List<float[]> gradients = new ArrayList<>();
    private final ExecutorService threads;

    ParallelGradient(UNetShape shape, int count) {
        threads = Executors.newFixedThreadPool(count);
        for (int i = 0; i < count; i++) {
            TrainableUNet replica = new TrainableUNet(shape);
            replicas.add(replica);
            gradients.add(new float[replica.size()]);
        }
    }

    TrainableUNet first() {
        return replicas.get(0);
    }

    int count() {
        return replicas.size();
    }

    /** Mean loss over the replicas; the mean gradient is written to {@code gradient}. */
    float lossAndGradient(float[] weights, List<CropBatch> batches, float[] gradient) {
        List<Float> losses;
        // The engine allows one collector at a time in a process; its backward may be called from any thread.
        try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
            losses = onEach(index -> {
                TrainableUNet replica = replicas.get(index);
                replica.load(weights);
                return replica.lossAndGradient(batches.get(index), collector, gradients.get(index));
            });
        }
        for (int i = 0; i < gradient.length; i++) {
            float sum = 0;
            for (float[] part : gradients) {
                sum += part[i];
            }
            gradient[i] = sum / gradients.size();
        }
        return (float) losses.stream().mapToDouble(Float::doubleValue).average().orElseThrow();
    }

    /** Scores images with the given weights, shared out among the replicas. */
    SegmentationScores score(
            float[] weights,
            List<LabelledImage> images,
            BiFunction<TrainableUNet, LabelledImage, SegmentationScores> scorer) {
        return onEach(index -> {
                    TrainableUNet replica = replicas.get(index);
                    replica.load(weights);
                    SegmentationScores sum = SegmentationScores.NONE;
                    for (int i = index; i < images.size(); i += replicas.size()) {
                        sum = sum.plus(scorer.apply(replica, images.get(i)));
                    }
                    return sum;
                })
                .stream()
                .reduce(SegmentationScores.NONE, SegmentationScores::plus);
    }

    private <T> List<T> onEach(IntFunction<T> work) {
        List<CompletableFuture<T>> futures = IntStream.range(0, replicas.size())
                .mapToObj(index -> CompletableFuture.supplyAsync(() -> work.apply(index), threads))
                .toList();
        try {
            return futures.stream().map(CompletableFuture::join).toList();
        } catch (CompletionException e) {
            throw new IllegalStateException("a replica failed", e.getCause());
        }
    }

    @Override
    public void close() {
        threads.shutdown();
        replicas.forEach(TrainableUNet::close);
    }
}
