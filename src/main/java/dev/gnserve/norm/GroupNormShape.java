package dev.gnserve.norm;

import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The shape of one Group Normalization: the number of values, their groups, and their order in memory.
 *
 * <p>A group is all values of {@code channels / groups} neighbouring channels of one sample. An empty batch, no channels and no
 * positions are allowed and give an empty result.
 *
 * @param batch number of samples, N
 * @param channels number of channels of a sample, C
 * @param groups number of groups of a sample, G; divides {@code channels}
 * @param positions number of positions of a channel: the product of all axes except N and C
 * @param format the order of the values in the array
 */
public record GroupNormShape(int batch, int channels, int groups, int positions, MemoryFormat format) {

    public GroupNormShape {
        check(new long[] {batch, channels, positions}, channels, groups);
    }

    /**
     * The shape of an array.
     *
     * @param shape the sizes of the axes in memory order: {@code [N, C, ...]} if contiguous, {@code [N, ..., C]} if channels-last
     * @throws IllegalArgumentException if there are fewer than two axes, a size is negative, an array cannot hold all values, or
     *     {@code groups} does not divide the channels
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

    /** The number of values. */
    public int size() {
        return batch * channels * positions;
    }

    public int channelsPerGroup() {
        return channels / groups;
    }

    /** The number of values of a group. */
    public int groupSize() {
        return channelsPerGroup() * positions;
    }

    /** The number of groups in the batch. */
    public int totalGroups() {
        return batch * groups;
    }

    /**
     * The index of a value, from the start of the input.
     *
     * @param channel number of the channel in the sample, not in the group
     */
    int indexOf(int sample, int channel, int position) {
        return format == MemoryFormat.CONTIGUOUS
                ? (sample * channels + channel) * positions + position
                : (sample * positions + position) * channels + channel;
    }

    private static void check(long[] shape, long channels, int groups) {
        String text = Arrays.toString(shape);
        // Zero axes count as 1, so that no product of some of the axes can overflow either.
        long nonEmpty = 1;
        for (long length : shape) {
            if (length < 0) {
                throw new IllegalArgumentException(
                        "Expected no negative dimension, but got input of shape " + text + " and num_groups=" + groups);
            }
            nonEmpty = length > Integer.MAX_VALUE ? Long.MAX_VALUE : nonEmpty * Math.max(length, 1);
            if (nonEmpty > Integer.MAX_VALUE) {
                throw new IllegalArgumentException("Expected at most " + Integer.MAX_VALUE
                        + " values, the limit of an array, but got input of shape " + text);
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
            return "without channels, num_groups may be 1 or more";
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
