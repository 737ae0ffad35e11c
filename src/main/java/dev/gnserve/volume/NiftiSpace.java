package dev.gnserve.volume;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The part of a NIfTI-1 header that says where voxels are (nifti1.h, "3D IMAGE (VOLUME) ORIENTATION AND LOCATION IN SPACE"). Immutable.
 *
 * @param qformCode 0 if the quaternion says nothing
 * @param sformCode 0 if the rows say nothing
 * @param pixdim the handedness of the quaternion, then the spacing along x, y, z
 * @param quaternion b, c, d, and the offsets along x, y, z
 * @param rows of the affine map, 3 x 4
 * @param units as in {@code xyzt_units}
 */
@SuppressWarnings("ArrayRecordComponent") // Read once, compared never.
public record NiftiSpace(int qformCode, int sformCode, float[] pixdim, float[] quaternion, float[] rows, int units) {

    static NiftiSpace read(ByteBuffer header) {
        return new NiftiSpace(
                header.getShort(252),
                header.getShort(254),
                floats(header, 76, 4),
                floats(header, 256, 6),
                floats(header, 280, 12),
                header.get(123));
    }

    private static float[] floats(ByteBuffer header, int at, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = header.getFloat(at + 4 * i);
        }
        return values;
    }

    /** Writes it into a header, at the places of {@link #read}. */
    void write(ByteBuffer header) {
        header.putShort(252, (short) qformCode);
        header.putShort(254, (short) sformCode);
        put(header, 76, pixdim);
        put(header, 256, quaternion);
        put(header, 280, rows);
        header.put(123, (byte) (units & 7));
    }

    private static void put(ByteBuffer header, int at, float[] values) {
        for (int i = 0; i < values.length; i++) {
            header.putFloat(at + 4 * i, values[i]);
        }
    }

    /**
     * The map from voxel (x, y, z) to space (right, anterior, superior), 3 x 4: the rows if their code is above 0, else the quaternion if
     * its code is (as nibabel chooses). Null if neither says where voxels are.
     */
    public double @Nullable [] affine() {
        if (sformCode > 0) {
            double[] map = new double[12];
            Arrays.setAll(map, i -> rows[i]);
            return map;
        }
        return qformCode > 0 ? ofQuaternion() : null;
    }

    private double[] ofQuaternion() {
        double b = quaternion[0];
        double c = quaternion[1];
        double d = quaternion[2];
        double rest = 1 - (b * b + c * c + d * d);
        double a = rest < 0 ? 0 : Math.sqrt(rest);
        if (rest < 1e-7) { // A turn by 180 degrees: the vector is scaled to length 1.
            double scale = 1 / Math.sqrt(b * b + c * c + d * d);
            b *= scale;
            c *= scale;
            d *= scale;
            a = 0;
        }
        double x = Math.abs(pixdim[1]);
        double y = Math.abs(pixdim[2]);
        double z = Math.abs(pixdim[3]) * (pixdim[0] < 0 ? -1 : 1);
        return new double[] {
            (a * a + b * b - c * c - d * d) * x, 2 * (b * c - a * d) * y, 2 * (b * d + a * c) * z, quaternion[3],
            2 * (b * c + a * d) * x, (a * a + c * c - b * b - d * d) * y, 2 * (c * d - a * b) * z, quaternion[4],
            2 * (b * d - a * c) * x, 2 * (c * d + a * b) * y, (a * a + d * d - c * c - b * b) * z, quaternion[5]
        };
    }

    /** Spacing along x, y, z: the lengths of the columns of the affine map, or else pixdim. */
    double[] spacing() {
        double[] map = affine();
        double[] found = new double[3];
        for (int axis = 0; axis < 3; axis++) {
            found[axis] = map == null
                    ? Math.abs(pixdim[axis + 1])
                    : Math.sqrt(map[axis] * map[axis] + map[4 + axis] * map[4 + axis] + map[8 + axis] * map[8 + axis]);
        }
        return found;
    }

    @Nullable
    String unit() {
        return switch (units & 7) {
            case 1 -> "meter";
            case 2 -> "millimeter";
            case 3 -> "micrometer";
            default -> null;
        };
    }
}
