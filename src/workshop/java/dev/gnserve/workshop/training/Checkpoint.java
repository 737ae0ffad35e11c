package dev.gnserve.workshop.training;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** All that a run needs to go on: step, weights, the optimizer's moments and the moving average of the weights, as flat arrays. */
final class Checkpoint {

    private static final int MAGIC = 0x676e7331;

    private int step;
    private final float[] weights;
    private final float[] firstMoment;
    private final float[] secondMoment;
    private final float[] average;

    private Checkpoint(int step, float[] weights, float[] firstMoment, float[] secondMoment, float[] average) {
        this.step = step;
        this.weights = weights;
        this.firstMoment = firstMoment;
        this.secondMoment = secondMoment;
        this.average = average;
    }

    /** The beginning of a run. */
    static Checkpoint initial(float[] weights) {
        int length = weights.length;
        return new Checkpoint(0, weights, new float[length], new float[length], weights.clone());
    }

    static Checkpoint load(Path file) throws IOException {
        try (DataInputStream in = new DataInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
            if (in.readInt() != MAGIC) {
                throw new IOException(file + " is not a checkpoint");
            }
            int step = in.readInt();
            int length = in.readInt();
            return new Checkpoint(step, floats(in, length), floats(in, length), floats(in, length), floats(in, length));
        }
    }

    private static float[] floats(DataInputStream in, int length) throws IOException {
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = in.readFloat();
        }
        return values;
    }

    /** Writes beside the file and renames, so that a kill at any moment leaves a whole checkpoint. */
    void save(Path file) throws IOException {
        Path partial = file.resolveSibling(file.getFileName() + ".part");
        try (DataOutputStream out = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(partial)))) {
            out.writeInt(MAGIC);
            out.writeInt(step);
            out.writeInt(weights.length);
            for (float[] values : new float[][] {weights, firstMoment, secondMoment, average}) {
                for (float value : values) {
                    out.writeFloat(value);
                }
            }
        }
        Files.move(partial, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }

    int step() {
        return step;
    }

    int advance() {
        return ++step;
    }

    float[] weights() {
        return weights;
    }

    float[] firstMoment() {
        return firstMoment;
    }

    float[] secondMoment() {
        return secondMoment;
    }

    /** The moving average of the weights: what is evaluated and exported. */
    float[] average() {
        return average;
    }
}
