package dev.gnserve.norm;

import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The shape of one Group Normalization: how many values there are, how they fall into groups, and how they lie.
 *
 * <p>A group is the values of {@code channels / groups} neighbouring channels of one sample, over all positions. An empty
 * batch, no channels and no positions are legal and give an empty result.
 *
 * @param batch samples, N
 * @param channels channels of a sample, C
 * @param groups groups of a sample, G; divides {@code channels}
 * @param positions spatial (and temporal) positions of a channel: the product of the axes that are neither N nor C
 * @param format the order of the values in the array
 */
public record GroupNormShape(int batch, int channels, int groups, int positions, MemoryFormat format) {

    public GroupNormShape {
        check(new long[] {batch, channels, positions}, channels, groups);
    }

    /**
     * The shape of a whole array.
     *
     * @param shape the lengths of the axes as they lie in the array: {@code [N, C, ...]} when contiguous,
     *     {@code [N, ..., C]} when channels-last; at least two
     * @throws IllegalArgumentException if there are fewer than two axes, a length is negative, there are more values than
     *     an array can hold, or {@code groups} does not divide the channels
     */
    public static GroupNormShape of(long[] shape, int groups, MemoryFormat format) {
        if (shape.length < 2) {
            throw new IllegalArgumentException("Expected at least 2 dimensions for input tensor but received "
                    + shape.length + ": the shape " + Arrays.toString(shape) + " has no batch and channel axes");
        }
        long channels = format == MemoryFormat.CONTIGUOUS ? shape[1] : shape[shape.length - 1];
        check(shape, channels, groups);
        long positions = 1;
        for (int axis = 1; axis < shape.length; axis++) {
            positions *= shape[axis];
        }
        positions = channels == 0 ? 0 : positions / channels;
        return new GroupNormShape((int) shape[0], (int) channels, groups, (int) positions, format);
    }

    /** As {@link #of(long[], int, MemoryFormat)}, for {@code int} axes. */
    public static GroupNormShape of(int[] shape, int groups, MemoryFormat format) {
        return of(Arrays.stream(shape).asLongStream().toArray(), groups, format);
    }

    /** How many values the input has. */
    public int size() {
        return batch * channels * positions;
    }

    public int channelsPerGroup() {
        return channels / groups;
    }

    /** How many values share one mean and one deviation. */
    public int groupSize() {
        return channelsPerGroup() * positions;
    }

    /** How many groups the whole batch has. */
    public int totalGroups() {
        return batch * groups;
    }

    /**
     * Where a value lies in the array, counted from the start of the input.
     *
     * @param channel of the sample, not of the group
     */
    int indexOf(int sample, int channel, int position) {
        return format == MemoryFormat.CONTIGUOUS
                ? (sample * channels + channel) * positions + position
                : (sample * positions + position) * channels + channel;
    }

    private static void check(long[] shape, long channels, int groups) {
        String text = Arrays.toString(shape);
        // The product without zero axes is bounded too, so that no product of some of the axes can overflow.
        long nonEmpty = 1;
        for (long length : shape) {
            if (length < 0) {
                throw new IllegalArgumentException(
                        "Expected no negative dimension, but got input of shape " + text + " and num_groups=" + groups);
            }
            nonEmpty = length > Integer.MAX_VALUE ? Long.MAX_VALUE : nonEmpty * Math.max(length, 1);
            if (nonEmpty > Integer.MAX_VALUE) {
                throw new IllegalArgumentException("Expected at most " + Integer.MAX_VALUE
                        + " values, which is what one array holds, but got input of shape " + text);
            }
        }
        if (groups <= 0) {
            throw new IllegalArgumentException("Expected num groups to be greater than 0, got " + groups
                    + " for input of shape " + text + "; " + legalGroups(channels));
        }
        if (channels % groups != 0) {
            throw new IllegalArgumentException(
                    "Expected number of channels in input to be divisible by num_groups, but got input of shape " + text
                            + " and num_groups=" + groups + "; " + legalGroups(channels));
        }
    }

    private static String legalGroups(long channels) {
        if (channels == 0) {
            return "without channels, any number of groups from 1 is legal";
        }
        IntStream small =
                IntStream.rangeClosed(1, (int) Math.sqrt((double) channels)).filter(groups -> channels % groups == 0);
        return "with " + channels + " channels, num_groups may be "
                + small.boxed()
                        .flatMap(groups -> Stream.of((long) groups, channels / groups))
                        .sorted()
                        .distinct()
                        .map(String::valueOf)
                        .collect(Collectors.joining(", "));
    }
}
