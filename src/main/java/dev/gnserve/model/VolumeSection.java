package dev.gnserve.model;

import dev.gnserve.volume.Resampling;
import dev.gnserve.volume.SlidingWindow.Blending;
import dev.gnserve.volume.VolumeStep;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The section {@code input.volume} of {@code model.yaml}, and the steps of {@code output}, which go with it. */
final class VolumeSection {

    private static final String AT = "/input/volume";

    /** What images have in its place. */
    private static final List<String> OF_IMAGES = List.of("resize", "tile", "range", "normalization", "padding");

    private VolumeSection() {}

    /** Whether the model takes volumes. */
    static boolean isGiven(ManifestTree tree) {
        return tree.gives(AT);
    }

    /**
     * Reads it.
     *
     * @return null for a model of images
     * @throws InvalidManifestException naming line, field, value and what is allowed
     */
    static @Nullable VolumeSpec read(ManifestTree tree, Task task, int channels) {
        if (!isGiven(tree)) {
            return null;
        }
        for (String field : OF_IMAGES) {
            if (tree.gives("/input/" + field)) {
                tree.make("/input/" + field, () -> {
                    throw new IllegalArgumentException("goes with images; a volume has input.volume.steps and window");
                });
            }
        }
        return tree.make(AT, () -> {
            if (task != Task.SEGMENTATION) {
                throw new IllegalArgumentException("is given with task " + task.label()
                        + "; allowed is segmentation. For other networks over volumes use the task tensors");
            }
            List<Integer> window = List.of(tree.get(AT + "/window", Integer[].class));
            Double[] overlap = tree.get(AT + "/overlap", Double[].class, new Double[] {0.0});
            Blending blending = tree.get(AT + "/blending", Blending.class);
            return new VolumeSpec(
                    tree.get(AT + "/axes", String.class),
                    tree.has(AT + "/orientation") ? tree.get(AT + "/orientation", String.class) : null,
                    window,
                    List.of(tree.get(AT + "/smallest", Integer[].class, window.toArray(Integer[]::new))),
                    overlap.length == 1 ? List.of(overlap[0], overlap[0], overlap[0]) : List.of(overlap),
                    blending,
                    List.of(tree.get(AT + "/halo", Integer[].class, new Integer[] {0, 0, 0})),
                    tree.has(AT + "/spacing") ? List.of(tree.get(AT + "/spacing", Double[].class)) : null,
                    tree.get(AT + "/back", Resampling.Back.class),
                    tree.get(AT + "/planes", Boolean.class),
                    steps(tree, AT + "/steps", channels));
        });
    }

    /** The steps after the model. */
    static List<VolumeStep> outputSteps(ManifestTree tree, int channels) {
        String at = "/output/steps";
        if (!tree.has(at)) {
            return List.of();
        }
        return tree.make(at, () -> {
            if (!isGiven(tree)) {
                throw new IllegalArgumentException("goes with input.volume");
            }
            List<VolumeStep> steps = steps(tree, at, channels);
            steps.stream().filter(step -> !step.isPointwise()).findFirst().ifPresent(step -> {
                throw new IllegalArgumentException(
                        step
                                + " needs all values of a volume at once; allowed after the model are clip, linear, binarize, sigmoid and softmax");
            });
            return steps;
        });
    }

    private static List<VolumeStep> steps(ManifestTree tree, String at, int channels) {
        return tree.has(at)
                ? tree.make(
                        at,
                        () -> Stream.of(tree.get(at, GivenStep[].class))
                                .map(step -> step.step(channels))
                                .toList())
                : List.of();
    }

    /** An entry of steps, with the fields of all kinds. */
    private record GivenStep(
            String kind,
            @Nullable Float minimum,
            @Nullable Float maximum,
            @Nullable List<Double> gain,
            @Nullable List<Double> offset,
            @Nullable Float threshold,
            @Nullable Double low,
            @Nullable Double high,
            @Nullable Boolean perChannel,
            @Nullable Double epsilon,
            @Nullable Boolean nonzero) {

        VolumeStep step(int channels) {
            return switch (kind) {
                case "clip" -> {
                    requireOnly(minimum, maximum);
                    yield new VolumeStep.Clip(
                            minimum == null ? -Float.MAX_VALUE : minimum, maximum == null ? Float.MAX_VALUE : maximum);
                }
                case "linear" -> {
                    requireOnly(gain, offset);
                    yield new VolumeStep.Linear(
                            perChannel("gain", gain, 1, channels), perChannel("offset", offset, 0, channels));
                }
                case "binarize" -> {
                    requireOnly(threshold);
                    if (threshold == null) {
                        throw new IllegalArgumentException("binarize has no threshold; allowed is a number");
                    }
                    yield new VolumeStep.Binarize(threshold);
                }
                case "sigmoid" -> {
                    requireOnly();
                    yield new VolumeStep.Sigmoid();
                }
                case "softmax" -> {
                    requireOnly();
                    yield new VolumeStep.Softmax();
                }
                case "zero-mean" -> {
                    requireOnly(perChannel, epsilon, nonzero);
                    yield new VolumeStep.ZeroMean(
                            perChannel != null && perChannel,
                            epsilon == null ? 1e-6 : epsilon,
                            nonzero != null && nonzero);
                }
                default -> {
                    requireOnly(low, high, perChannel, epsilon);
                    yield new VolumeStep.ScaleRange(
                            low == null ? 0 : low,
                            high == null ? 100 : high,
                            perChannel != null && perChannel,
                            epsilon == null ? 1e-6 : epsilon);
                }
            };
        }

        private void requireOnly(@Nullable Object... allowed) {
            long given = count(minimum, maximum, gain, offset, threshold, low, high, perChannel, epsilon, nonzero);
            if (given != count(allowed)) {
                throw new IllegalArgumentException(
                        "a step " + kind + " has a field of another kind of step; see docs/volumes.md");
            }
        }

        private static long count(@Nullable Object... values) {
            return Stream.of(values).filter(value -> value != null).count();
        }

        private static List<Double> perChannel(String name, @Nullable List<Double> values, double usual, int channels) {
            if (values == null) {
                return List.of(usual);
            }
            if (values.size() != 1 && values.size() != channels) {
                throw new IllegalArgumentException(name + " is " + values
                        + "; allowed is one number, or one for each of the " + channels + " channels");
            }
            return values;
        }
    }
}
