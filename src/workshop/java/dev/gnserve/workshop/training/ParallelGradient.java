package dev.gnserve.workshop.training;

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
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * Gradients of one step, computed by replicas of the network side by side: each has a thread, a share of the batch and one core. That wastes less
 * than one replica with many engine threads, which wait for each other in every operator. The number of replicas is part of the recipe, not
 * of the machine, so the result does not depend on the cores.
 *
 * <p>Batch Normalization normalizes by what one replica sees. Its batch is the stated one only if there is one replica; several are refused.
 *
 * @param <R> a replica
 * @param <B> what a replica learns from in one step
 */
final class ParallelGradient<R extends Replica<B>, B> implements AutoCloseable {

    private final List<R> replicas = new ArrayList<>();
    private final List<float[]> gradients = new ArrayList<>();
    private final ExecutorService threads;

    ParallelGradient(Supplier<R> network, int count) {
        threads = Executors.newFixedThreadPool(count);
        for (int i = 0; i < count; i++) {
            R replica = network.get();
            replicas.add(replica);
            gradients.add(new float[replica.weights().size()]);
        }
        if (count > 1 && first().weights().haveStatistics()) {
            close();
            throw new IllegalArgumentException("batch normalization needs the whole batch in one replica, not " + count
                    + ": each would normalize by its own share");
        }
    }

    R first() {
        return replicas.get(0);
    }

    int count() {
        return replicas.size();
    }

    /** Mean loss over the replicas; the mean gradient is written to {@code gradient}, running statistics to {@code weights}. */
    float lossAndGradient(float[] weights, List<B> batches, float[] gradient) {
        List<Float> losses;
        // The engine allows one collector at a time in a process; its backward may be called from any thread.
        try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
            losses = onEach(index -> {
                R replica = replicas.get(index);
                replica.weights().load(weights);
                return replica.lossAndGradient(batches.get(index), collector, gradients.get(index));
            });
        }
        if (first().weights().haveStatistics()) {
            first().weights().takeStatistics(weights);
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

    /** Applies the network with the given weights to each item, shared out among the replicas; results in the order of the items. */
    <I, T> List<T> map(float[] weights, List<I> items, BiFunction<R, I, T> function) {
        List<List<T>> parts = onEach(index -> {
            R replica = replicas.get(index);
            replica.weights().load(weights);
            List<T> part = new ArrayList<>();
            for (int i = index; i < items.size(); i += replicas.size()) {
                part.add(function.apply(replica, items.get(i)));
            }
            return part;
        });
        return IntStream.range(0, items.size())
                .mapToObj(i -> parts.get(i % replicas.size()).get(i / replicas.size()))
                .toList();
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
        replicas.forEach(Replica::close);
    }
}
