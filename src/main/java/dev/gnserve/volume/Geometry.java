package dev.gnserve.volume;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where the voxels of a volume are in space. Immutable.
 *
 * @param spacing distance of neighbouring voxels along z, y and x; null if the file does not say it
 * @param unit of the spacing, such as micrometer; null if the file does not say it
 * @param space of a NIfTI file; null for other formats
 */
public record Geometry(
        @Nullable List<Double> spacing,
        @Nullable String unit,
        @Nullable NiftiSpace space) {

    /** Nothing is known. */
    static final Geometry UNKNOWN = new Geometry(null, null, null);

    public Geometry {
        spacing = spacing == null ? null : List.copyOf(spacing);
    }

    /** The volume of a voxel in the cube of the unit; null if the spacing is unknown. */
    public @Nullable Double voxelVolume() {
        return spacing == null ? null : spacing.get(0) * spacing.get(1) * spacing.get(2);
    }

    /**
     * Whether voxels of two files of the same shape may be at the same places: within a tenth of a voxel, or unknown for one of both.
     */
    public boolean mayBe(Geometry other, VolumeShape shape) {
        if (space == null || other.space == null) {
            return true;
        }
        double[] own = space.affine();
        double[] others = other.space.affine();
        if (own == null || others == null) {
            return true;
        }
        double[] spacing = space.spacing();
        double most = 0.1 * Math.min(spacing[0], Math.min(spacing[1], spacing[2]));
        for (int corner = 0; corner < 8; corner++) {
            int x = (corner & 1) * (shape.width() - 1);
            int y = (corner >> 1 & 1) * (shape.height() - 1);
            int z = (corner >> 2) * (shape.depth() - 1);
            double square = 0;
            for (int row = 0; row < 12; row += 4) {
                double apart = (own[row] - others[row]) * x
                        + (own[row + 1] - others[row + 1]) * y
                        + (own[row + 2] - others[row + 2]) * z
                        + own[row + 3]
                        - others[row + 3];
                square += apart * apart;
            }
            if (!(square <= most * most)) {
                return false;
            }
        }
        return true;
    }

    /** A unit as BioImage.IO names it; null for a name that is none. */
    static @Nullable String unit(String name) {
        return switch (name.strip()) {
            case "um", "micron", "microns", "micrometer", "micrometre", "\u00B5m", "\u03BCm", "\\u00B5m" ->
                "micrometer";
            case "nm", "nanometer" -> "nanometer";
            case "mm", "millimeter" -> "millimeter";
            case "cm", "centimeter" -> "centimeter";
            case "m", "meter" -> "meter";
            case "inch", "in" -> "inch";
            default -> null;
        };
    }
}
