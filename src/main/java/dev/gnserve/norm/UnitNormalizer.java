package dev.gnserve.norm;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Normalizes units of one call on one thread: sums blocks of values, merges the sums to the statistics of each group in float64, and
 * normalizes the values while they are in the cache. Keeps its scratch memory for the next call. Not thread-safe.
 *
 * <p>A unit consists of whole groups. Contiguous groups follow one another in memory, and a unit is as many of them as fit in the
 * cache. Channels-last groups are interleaved in every position, and a unit is all groups of a sample, or some of them if there are
 * more threads than samples.
 */
final class UnitNormalizer {

    /** Values of a block: few enough for exact float32 sums, and enough to make merging cheap. */
    private static final int BLOCK = 32 * GroupNormKernel.COLUMNS;

    /** Positions of a channels-last block. */
    private static final int BLOCK_ROWS = 64;

    /** A block is summed around the mean of this many values at its start. */
    private static final int CENTER_SAMPLE = 16;

    /** Values of a contiguous unit: its input and output fit in half an L2 cache. */
    private static final int UNIT_VALUES = 1 << 15;

    /** Channels with at least this many values are normalized one by one, the last one first. */
    private static final int LARGE_RUN = 1 << 13;

    /** Between these bounds of variance + epsilon, float32 does not overflow or lose accuracy by underflow. */
    private static final double LEAST_SPREAD = 1e-30;

    private static final double GREATEST_SPREAD = 1e30;

    private static final float[] NO_FLOATS = {};
    private static final double[] NO_DOUBLES = {};
    private static final GroupNormShape NO_SHAPE = new GroupNormShape(0, 0, 1, 0, MemoryFormat.CONTIGUOUS);
    private static final GroupNormParameters NO_PARAMETERS = GroupNormParameters.withoutAffine(0);

    private final GroupNormKernel kernel;

    // The call.
    private GroupNormShape shape = NO_SHAPE;
    private GroupNormParameters parameters = NO_PARAMETERS;
    private float[] input = NO_FLOATS;
    private short @Nullable [] bfloat16;
    private int bfloat16Offset;
    private int inputOffset;
    private float[] output = NO_FLOATS;
    private int outputOffset;
    private @Nullable GroupNormStatistics statistics;
    private int groupsPerUnit;
    private int unitsPerSample;
    private int units;

    // Per column of a block.
    private float[] sums = NO_FLOATS;
    private float[] squares = NO_FLOATS;

    // Per channel of a unit.
    private GroupNormKernel.Coefficients coefficients = GroupNormKernel.Coefficients.of(0);

    // Per group of a unit: sums of deviations from the center of the first block; then mean and rstd.
    private double[] origin = NO_DOUBLES;
    private double[] sum = NO_DOUBLES;
    private double[] squareSum = NO_DOUBLES;
    private double[] mean = NO_DOUBLES;
    private double[] rstd = NO_DOUBLES;
    private boolean[] extreme = {};

    UnitNormalizer(GroupNormKernel kernel) {
        this.kernel = kernel;
    }

    /** Sets the arguments of a call. For bfloat16, {@code input} must be the output, into which the values are widened first. */
    void begin(
            GroupNormShape shape,
            GroupNormParameters parameters,
            float[] input,
            short @Nullable [] bfloat16,
            int inputOffset,
            float[] output,
            int outputOffset,
            @Nullable GroupNormStatistics statistics,
            int workers) {
        this.shape = shape;
        this.parameters = parameters;
        this.input = input;
        this.bfloat16 = bfloat16;
        this.bfloat16Offset = inputOffset;
        this.inputOffset = bfloat16 == null ? inputOffset : outputOffset;
        this.output = output;
        this.outputOffset = outputOffset;
        this.statistics = statistics;
        divideIntoUnits(workers);
        int unitChannels = groupsPerUnit * shape.channelsPerGroup();
        if (coefficients.center().length < unitChannels) {
            coefficients = GroupNormKernel.Coefficients.of(unitChannels);
        }
        if (sums.length < Math.max(unitChannels, GroupNormKernel.COLUMNS)) {
            sums = new float[Math.max(unitChannels, GroupNormKernel.COLUMNS)];
            squares = new float[sums.length];
        }
        if (mean.length < groupsPerUnit) {
            origin = new double[groupsPerUnit];
            sum = new double[groupsPerUnit];
            squareSum = new double[groupsPerUnit];
            mean = new double[groupsPerUnit];
            rstd = new double[groupsPerUnit];
            extreme = new boolean[groupsPerUnit];
        }
    }

    private void divideIntoUnits(int workers) {
        int totalGroups = shape.totalGroups();
        if (shape.format() == MemoryFormat.CONTIGUOUS) {
            int share = ceilDiv(totalGroups, workers);
            groupsPerUnit = Math.max(1, Math.min(share, UNIT_VALUES / Math.max(1, shape.groupSize())));
            unitsPerSample = 0;
            units = ceilDiv(totalGroups, groupsPerUnit);
        } else {
            int wanted = ceilDiv(workers, Math.max(1, shape.batch()));
            groupsPerUnit = ceilDiv(shape.groups(), Math.min(wanted, shape.groups()));
            unitsPerSample = ceilDiv(shape.groups(), groupsPerUnit);
            units = shape.batch() * unitsPerSample;
        }
    }

    /** Drops the references to the caller's arrays. */
    void end() {
        shape = NO_SHAPE;
        parameters = NO_PARAMETERS;
        input = NO_FLOATS;
        bfloat16 = null;
        output = NO_FLOATS;
        statistics = null;
    }

    int units() {
        return units;
    }

    /** Normalizes the groups of a unit. Units are independent, so their order does not matter. */
    void normalizeUnit(int unit) {
        if (shape.format() == MemoryFormat.CONTIGUOUS) {
            int first = unit * groupsPerUnit;
            normalizeContiguous(first, Math.min(groupsPerUnit, shape.totalGroups() - first));
        } else {
            int sample = unit / unitsPerSample;
            int first = unit % unitsPerSample * groupsPerUnit;
            normalizeChannelsLast(sample, first, Math.min(groupsPerUnit, shape.groups() - first));
        }
    }

    private void normalizeContiguous(int firstGroup, int groups) {
        int size = shape.groupSize();
        int start = firstGroup * size;
        if (bfloat16 != null) {
            kernel.widen(bfloat16, bfloat16Offset + start, output, outputOffset + start, groups * size);
        }
        for (int group = 0; group < groups; group++) {
            measure(group, inputOffset + start + group * size, size);
        }
        // In a separate loop, so that the processor overlaps the divisions and roots of several groups.
        for (int group = 0; group < groups; group++) {
            setStatistics(group, firstGroup + group);
        }
        int channels = shape.channelsPerGroup();
        int positions = shape.positions();
        // Backwards, because the values that were read last are still in the cache.
        for (int group = groups - 1; group >= 0; group--) {
            if (extreme[group]) {
                normalizeExtreme(group, firstGroup + group);
                continue;
            }
            // Large channels one by one, also backwards.
            int runs = positions < LARGE_RUN ? channels : 1;
            for (int channel = (group + 1) * channels - runs; channel >= group * channels; channel -= runs) {
                int run = start + channel * positions;
                kernel.normalizeRuns(
                        input, inputOffset + run, output, outputOffset + run, runs, positions, coefficients, channel);
            }
        }
    }

    private void measure(int group, int start, int size) {
        begin(group);
        for (int done = 0; done < size; done += BLOCK) {
            int length = Math.min(BLOCK, size - done);
            float near = meanOf(start + done, 1, 0, Math.min(length, CENTER_SAMPLE));
            kernel.sumBlock(input, start + done, length, near, sums, squares);
            add(group, length, near, GroupNormKernel.FOLDED_COLUMNS, 0);
        }
    }

    private void normalizeChannelsLast(int sample, int firstGroup, int groups) {
        int channels = groups * shape.channelsPerGroup();
        int stride = shape.channels();
        int start = sample * stride * shape.positions() + firstGroup * shape.channelsPerGroup();
        if (bfloat16 != null) {
            for (int row = 0; row < shape.positions(); row++) {
                int at = start + row * stride;
                kernel.widen(bfloat16, bfloat16Offset + at, output, outputOffset + at, channels);
            }
        }
        for (int group = 0; group < groups; group++) {
            begin(group);
        }
        int rows = channels == 0 ? 0 : shape.positions();
        for (int row = 0; row < rows; row += BLOCK_ROWS) {
            measureRows(start + row * stride, Math.min(BLOCK_ROWS, rows - row), groups);
        }
        for (int group = 0; group < groups; group++) {
            setStatistics(group, sample * shape.groups() + firstGroup + group);
        }
        // Backwards, because the values that were read last are still in the cache.
        int lastBlock = ceilDiv(rows, BLOCK_ROWS) * BLOCK_ROWS - BLOCK_ROWS;
        for (int row = lastBlock; row >= 0; row -= BLOCK_ROWS) {
            normalizeRows(start + row * stride, Math.min(BLOCK_ROWS, rows - row), groups);
        }
        for (int group = 0; group < groups; group++) {
            if (extreme[group]) {
                normalizeExtreme(group, sample * shape.groups() + firstGroup + group);
            }
        }
    }

    /** Normalizes rows of neighbouring groups, except extreme groups. */
    private void normalizeRows(int start, int rows, int groups) {
        int channels = shape.channelsPerGroup();
        int first = 0;
        while (first < groups) {
            int end = first;
            while (end < groups && !extreme[end]) {
                end++;
            }
            if (end > first) {
                kernel.normalizeColumns(
                        input,
                        inputOffset + start,
                        output,
                        outputOffset + start,
                        rows,
                        shape.channels(),
                        first * channels,
                        (end - first) * channels,
                        coefficients);
            }
            first = end + 1;
        }
    }

    private void measureRows(int start, int rows, int groups) {
        int channels = shape.channelsPerGroup();
        int sampleColumns = Math.min(channels, CENTER_SAMPLE);
        int sampleRows = Math.min(rows, ceilDiv(CENTER_SAMPLE, Math.max(1, sampleColumns)));
        float[] center = coefficients.center();
        for (int group = 0; group < groups; group++) {
            float near = meanOf(inputOffset + start + group * channels, sampleRows, shape.channels(), sampleColumns);
            Arrays.fill(center, group * channels, (group + 1) * channels, near);
        }
        kernel.sumColumns(input, inputOffset + start, rows, shape.channels(), groups * channels, center, sums, squares);
        for (int group = 0; group < groups; group++) {
            add(group, rows * channels, center[group * channels], channels, group * channels);
        }
    }

    private float meanOf(int start, int rows, int stride, int columns) {
        // Four sums, so that an addition does not wait for the one before.
        double sum0 = 0;
        double sum1 = 0;
        double sum2 = 0;
        double sum3 = 0;
        for (int row = 0; row < rows; row++) {
            int i = start + row * stride;
            int end = i + columns;
            for (; i < end - 3; i += 4) {
                sum0 += input[i];
                sum1 += input[i + 1];
                sum2 += input[i + 2];
                sum3 += input[i + 3];
            }
            for (; i < end; i++) {
                sum0 += input[i];
            }
        }
        return (float) ((sum0 + sum1 + (sum2 + sum3)) / (rows * columns));
    }

    private void begin(int group) {
        origin[group] = Double.NaN;
        sum[group] = 0;
        squareSum[group] = 0;
    }

    /** Adds the columns of a block, which are sums around {@code near}, to the sums of a group, which are around its origin. */
    private void add(int group, int count, float near, int columns, int firstColumn) {
        float[] columnSums = sums;
        float[] columnSquares = squares;
        // Even and odd columns separately, so that an addition does not wait for the one before.
        double evenSum = 0;
        double oddSum = 0;
        double evenSquares = 0;
        double oddSquares = 0;
        int column = firstColumn;
        for (; column < firstColumn + columns - 1; column += 2) {
            evenSum += columnSums[column];
            oddSum += columnSums[column + 1];
            evenSquares += columnSquares[column];
            oddSquares += columnSquares[column + 1];
        }
        if (column < firstColumn + columns) {
            evenSum += columnSums[column];
            evenSquares += columnSquares[column];
        }
        double blockSum = evenSum + oddSum;
        double blockSquares = evenSquares + oddSquares;
        if (Double.isNaN(origin[group])) {
            origin[group] = near;
        }
        double gap = near - origin[group];
        sum[group] += blockSum + count * gap;
        squareSum[group] += blockSquares + gap * (2 * blockSum + count * gap);
    }

    /** Computes mean, rstd and coefficients of a group from its sums. */
    private void setStatistics(int group, int groupOfBatch) {
        double offset = sum[group] / shape.groupSize();
        double variance = Math.max(0, squareSum[group] / shape.groupSize() - offset * offset);
        mean[group] = origin[group] + offset;
        rstd[group] = 1 / Math.sqrt(variance + parameters.epsilon());
        double spread = variance + parameters.epsilon();
        extreme[group] = !(spread >= LEAST_SPREAD && spread <= GREATEST_SPREAD);
        if (extreme[group]) {
            GroupNormReference reference = new GroupNormReference(shape, parameters);
            int sample = groupOfBatch / shape.groups();
            int groupOfSample = groupOfBatch % shape.groups();
            mean[group] = reference.mean(input, inputOffset, sample, groupOfSample);
            rstd[group] = reference.rstd(input, inputOffset, sample, groupOfSample, mean[group]);
        }
        if (statistics != null) {
            statistics.mean()[groupOfBatch] = mean[group];
            statistics.rstd()[groupOfBatch] = rstd[group];
        }
        setCoefficients(group, groupOfBatch % shape.groups());
    }

    private void setCoefficients(int group, int groupOfSample) {
        int channels = shape.channelsPerGroup();
        int first = group * channels;
        int firstOfSample = groupOfSample * channels;
        // Pairs of floats: as exact as float64 here, without conversions per channel.
        float high = (float) mean[group];
        float low = (float) (mean[group] - high);
        float deviation = (float) rstd[group];
        float deviationLow = (float) (rstd[group] - deviation);
        float[] weight = parameters.weight();
        float[] bias = parameters.bias();
        float[] scale = coefficients.scale();
        float[] scaleLow = coefficients.scaleLow();
        float[] shift = coefficients.shift();
        Arrays.fill(coefficients.center(), first, first + channels, high);
        for (int i = 0; i < channels; i++) {
            float factor = weight == null ? 1 : weight[firstOfSample + i];
            float term = bias == null ? 0 : bias[firstOfSample + i];
            float product = deviation * factor;
            scale[first + i] = product;
            scaleLow[first + i] = Math.fma(deviationLow, factor, Math.fma(deviation, factor, -product));
            shift[first + i] = Math.fma(-low, product, term);
        }
    }

    /** Normalizes a group in float64, because float32 cannot square its deviations. */
    private void normalizeExtreme(int group, int groupOfBatch) {
        GroupNormReference reference = new GroupNormReference(shape, parameters);
        int channels = shape.channelsPerGroup();
        int sample = groupOfBatch / shape.groups();
        int firstChannel = groupOfBatch % shape.groups() * channels;
        for (int channel = firstChannel; channel < firstChannel + channels; channel++) {
            for (int position = 0; position < shape.positions(); position++) {
                int index = shape.indexOf(sample, channel, position);
                output[outputOffset + index] =
                        (float) reference.normalized(input[inputOffset + index], mean[group], rstd[group], channel);
            }
        }
    }

    private static int ceilDiv(int dividend, int divisor) {
        return (dividend + divisor - 1) / divisor;
    }
}
