package dev.gnserve.workshop.training;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A made volume with blobs like nuclei under a microscope: ellipsoids of several sizes and brightnesses, many of which touch, over a
 * background that is brighter on one side, blurred and with noise. Planes are twice as far apart as rows and columns.
 *
 * @param shape depth, height and width in voxels
 * @param values float32 [depth, height, width], 0 to about 1000
 * @param ids the number of the blob of each voxel, 0 for background
 */
@SuppressWarnings("ArrayRecordComponent") // Made once, compared never.
record BlobVolume(List<Integer> shape, float[] values, int[] ids) {

    /** The distance of planes, where that of rows and columns is 1. */
    static final double PLANE_DISTANCE = 2;

    private static final double LEAST_RADIUS = 5;
    private static final double GREATEST_RADIUS = 8.5;
    private static final double VOXELS_PER_BLOB = 1400;

    /** Centres are at least this part of the sum of two radii apart. */
    private static final double APART = 0.85;

    private static final double NOISE = 45;

    BlobVolume {
        shape = List.copyOf(shape);
    }

    private record Blob(double z, double y, double x, double radius, double flat, double brightness) {

        /** 1 on the surface, less inside; distances are those of rows. */
        double at(int voxelZ, int voxelY, int voxelX) {
            double dz = (voxelZ - z) * PLANE_DISTANCE / flat;
            return Math.sqrt(dz * dz + (voxelY - y) * (voxelY - y) + (voxelX - x) * (voxelX - x)) / radius;
        }

        boolean isNear(Blob other) {
            double dz = (z - other.z) * PLANE_DISTANCE;
            double away = Math.sqrt(dz * dz + (y - other.y) * (y - other.y) + (x - other.x) * (x - other.x));
            return away < APART * (radius + other.radius);
        }
    }

    /** The volume of a seed: the same every time. */
    static BlobVolume made(long seed, int depth, int height, int width) {
        SplittableRandom random = new SplittableRandom(seed);
        int[] ids = new int[depth * height * width];
        double[] light = new double[ids.length];
        double[] nearest = new double[ids.length];
        Arrays.fill(nearest, 1);
        List<Blob> blobs = blobs(random, depth, height, width);
        for (int number = 1; number <= blobs.size(); number++) {
            Blob blob = blobs.get(number - 1);
            for (int at = 0; at < ids.length; at++) {
                double distance = blob.at(at / (height * width), at / width % height, at % width);
                if (distance < nearest[at]) {
                    nearest[at] = distance;
                    ids[at] = number;
                    light[at] = blob.brightness * (1 - 0.3 * distance * distance);
                }
            }
        }
        double slope = random.nextDouble(-60, 60);
        double ground = random.nextDouble(90, 160);
        float[] values = new float[ids.length];
        for (int at = 0; at < ids.length; at++) {
            double texture = ids[at] == 0 ? 0 : 0.15 * light[at] * random.nextGaussian();
            values[at] = (float) (ground + slope * (at % width) / width + light[at] + texture);
        }
        blur(values, depth, height, width);
        for (int at = 0; at < values.length; at++) {
            values[at] = (float) Math.max(0, values[at] + NOISE * random.nextGaussian());
        }
        return new BlobVolume(List.of(depth, height, width), values, ids);
    }

    private static List<Blob> blobs(SplittableRandom random, int depth, int height, int width) {
        List<Blob> blobs = new ArrayList<>();
        int wanted = (int) Math.max(3, depth * height * width / VOXELS_PER_BLOB);
        for (int tries = 0; tries < 30 * wanted && blobs.size() < wanted; tries++) {
            Blob blob = new Blob(
                    random.nextDouble(-1, depth),
                    random.nextDouble(-2, height + 1),
                    random.nextDouble(-2, width + 1),
                    random.nextDouble(LEAST_RADIUS, GREATEST_RADIUS),
                    random.nextDouble(0.8, 1.15),
                    random.nextDouble(220, 700));
            if (blobs.stream().noneMatch(blob::isNear)) {
                blobs.add(blob);
            }
        }
        return blobs;
    }

    /** Weights 1, 2, 1 along each axis: twice in a plane, once along z. */
    private static void blur(float[] values, int depth, int height, int width) {
        int plane = height * width;
        for (int round = 0; round < 2; round++) {
            along(values, width, 1);
            along(values, height, width);
        }
        along(values, depth, plane);
    }

    private static void along(float[] values, int size, int step) {
        float[] before = values.clone();
        for (int at = 0; at < values.length; at++) {
            int place = at / step % size;
            float one = before[place == 0 ? at : at - step];
            float other = before[place == size - 1 ? at : at + step];
            values[at] = (one + 2 * before[at] + other) / 4;
        }
    }

    /** Whether a voxel of a blob has one of another blob, or of the background, at one of its six faces. */
    boolean isRim(int at) {
        int width = shape.get(2);
        int height = shape.get(1);
        int plane = height * width;
        int x = at % width;
        int y = at / width % height;
        return ids[at] != 0
                && ((x > 0 && ids[at - 1] != ids[at])
                        || (x < width - 1 && ids[at + 1] != ids[at])
                        || (y > 0 && ids[at - width] != ids[at])
                        || (y < height - 1 && ids[at + width] != ids[at])
                        || (at >= plane && ids[at - plane] != ids[at])
                        || (at < ids.length - plane && ids[at + plane] != ids[at]));
    }

    /** Values with mean 0 and deviation 1, as the step {@code zero-mean} makes them. */
    float[] normalized() {
        double mean = 0;
        for (float value : values) {
            mean += value / values.length;
        }
        double squares = 0;
        for (float value : values) {
            squares += (value - mean) * (value - mean) / values.length;
        }
        float[] normalized = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            normalized[i] = (float) ((values[i] - mean) / (Math.sqrt(squares) + 1e-6));
        }
        return normalized;
    }

    /** What a network is to give: 1 for voxels of blobs, then 1 for their rims; float32 [2, depth, height, width]. */
    float[] target() {
        float[] target = new float[2 * ids.length];
        for (int at = 0; at < ids.length; at++) {
            target[at] = ids[at] == 0 ? 0 : 1;
            target[ids.length + at] = isRim(at) ? 1 : 0;
        }
        return target;
    }
}
