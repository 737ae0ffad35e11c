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
