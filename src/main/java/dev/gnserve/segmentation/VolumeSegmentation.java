package dev.gnserve.segmentation;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.image.Cancellation;
import dev.gnserve.image.LabelMap;
import dev.gnserve.image.Overlay;
import dev.gnserve.image.Png;
import dev.gnserve.image.UprightImage;
import dev.gnserve.pipeline.Timing;
import dev.gnserve.segmentation.SegmentedVolume.VolumeClass;
import dev.gnserve.segmentation.SegmentedVolume.VolumeObject;
import dev.gnserve.segmentation.SegmentedVolume.VoxelBox;
import dev.gnserve.segmentation.SegmentedVolume.VoxelPoint;
import dev.gnserve.segmentation.SegmentedVolume.VoxelSpacing;
import dev.gnserve.volume.ArrayFile;
import dev.gnserve.volume.AxisOrder;
import dev.gnserve.volume.Geometry;
import dev.gnserve.volume.LabelVoxels;
import dev.gnserve.volume.Volume;
import dev.gnserve.volume.VolumeShape;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What was found in a volume: the voxels and objects of each label. Everything is given in the order of the file's axes. */
public final class VolumeSegmentation {

    /** Objects in JSON. A million are 170 MB of text. */
    private static final int MOST_LISTED = 200_000;

    private final List<String> names;
    private final VolumeShape shape;
    private final Geometry geometry;
    private final AxisOrder.Grid grid;
    private final List<LabelVoxels> labels;
    private final VolumeRequest request;
    private final boolean overlap;
    private final @Nullable ArrayFile outputs;

    private final byte[] projection;

    /**
     * @param projection the greatest values along z, from {@link #projection}
     * @param labels the voxels of each label
     * @param overlap whether a voxel may have several labels
     * @param outputs of all voxels, if the request wants them
     */
    VolumeSegmentation(
            List<String> names,
            VolumeShape shape,
            Geometry geometry,
            byte[] projection,
            AxisOrder.Grid grid,
            List<LabelVoxels> labels,
            VolumeRequest request,
            boolean overlap,
            @Nullable ArrayFile outputs) {
        this.names = names;
        this.shape = shape;
        this.geometry = geometry;
        this.grid = grid;
        this.labels = labels;
        this.request = request;
        this.overlap = overlap;
        this.outputs = outputs;
        this.projection = projection;
    }

    /** The greatest values of the first channel along z, 0 to 255. */
    static byte[] projection(Volume volume) {
        int plane = volume.shape().height() * volume.shape().width();
        float[] greatest = new float[plane];
        float[] values = volume.values();
        float least = Float.MAX_VALUE;
        float most = -Float.MAX_VALUE;
        for (int i = 0; i < plane; i++) {
            float value = values[i];
            for (int z = 1; z < volume.shape().depth(); z++) {
                value = Math.max(value, values[z * plane + i]);
            }
            greatest[i] = value;
            least = Math.min(least, value);
            most = Math.max(most, value);
        }
        byte[] shown = new byte[plane];
        for (int i = 0; i < plane; i++) {
            shown[i] = (byte) (most > least ? Math.round((greatest[i] - least) / (most - least) * 255) : 0);
        }
        return shown;
    }

    /**
     * Requires that a document can list the objects.
     *
     * @throws dev.gnserve.failure.FailureException INVALID_REQUEST if there are too many
     */
    void requireListable() {
        if (request.objects() && allObjects() > MOST_LISTED) {
            throw Failure.of(
                            FailureCode.INVALID_REQUEST,
                            String.format(
                                    Locale.ROOT,
                                    "the volume has %,d objects, and JSON lists %,d at most: ask for a file (format=npy&content=objects) or for objects=false, or raise thresholds.minimumArea in the model's model.yaml",
                                    allObjects(),
                                    MOST_LISTED))
                    .asException();
        }
    }

    private long allObjects() {
        return labels.stream().mapToLong(label -> label.objects().size()).sum();
    }

    /**
     * The JSON document.
     *
     * @param cancellation asked for each mask
     */
    SegmentedVolume describe(String name, Timing timing, Cancellation cancellation) {
        Double voxel = geometry.voxelVolume();
        List<Double> spacing = geometry.spacing();
        List<VolumeClass> classes = new ArrayList<>();
        List<VolumeObject> objects = new ArrayList<>();
        for (int label = 0; label < labels.size(); label++) {
            long voxels = labels.get(label).voxels();
            SliceMasks masks = request.masks()
                    ? new SliceMasks(
                            shape, grid, labels.get(label), objects.size() + 1, request.objects(), cancellation)
                    : null;
            classes.add(new VolumeClass(
                    names.get(label),
                    voxels,
                    rounded((double) voxels / shape.voxels(), 1e6),
                    voxel == null ? null : voxels * voxel,
                    masks == null ? null : masks.all()));
            for (LabelVoxels.Found found : labels.get(label).objects()) {
                objects.add(described(
                        objects.size() + 1, names.get(label), found, voxel, request.objects() ? masks : null));
            }
        }
        return new SegmentedVolume(
                name,
                "zyx",
                shape.depth(),
                shape.height(),
                shape.width(),
                spacing == null
                        ? null
                        : new VoxelSpacing(spacing.get(0), spacing.get(1), spacing.get(2), geometry.unit()),
                classes,
                request.objects() ? objects : null,
                timing);
    }

    private VolumeObject described(
            int id, String label, LabelVoxels.Found found, @Nullable Double voxel, @Nullable SliceMasks masks) {
        int[] corner = voxel(found.from()[0], found.from()[1], found.from()[2]);
        int[] opposite = voxel(found.to()[0] - 1, found.to()[1] - 1, found.to()[2] - 1);
        int[] least = new int[3];
        int[] size = new int[3];
        for (int axis = 0; axis < 3; axis++) {
            least[axis] = Math.min(corner[axis], opposite[axis]);
            size[axis] = Math.abs(corner[axis] - opposite[axis]) + 1;
        }
        double[] centre = centre(found.centre());
        VoxelBox box = new VoxelBox(least[2], least[1], least[0], size[2], size[1], size[0]);
        return new VolumeObject(
                id,
                label,
                rounded(found.score(), 1e4),
                found.voxels(),
                voxel == null ? null : found.voxels() * voxel,
                box,
                new VoxelPoint(
                        rounded(centre[2] + 0.5, 100), rounded(centre[1] + 0.5, 100), rounded(centre[0] + 0.5, 100)),
                masks == null ? null : masks.of(id));
    }

    public VolumeShape shape() {
        return shape;
    }

    public Geometry geometry() {
        return geometry;
    }

    /** One number for each voxel, as a picture of the planes along z, the one below the other. */
    private LabelMap planes(int[] numbers) {
        return LabelMap.of(shape.width(), shape.depth() * shape.height(), numbers);
    }

    /**
     * For each voxel 0 for background, else the number of the first label that has it, from 1: a picture of the planes along z, the one below
     * the other.
     */
    public LabelMap firstLabels() {
        int[] numbers = new int[Math.toIntExact(shape.voxels())];
        for (int label = labels.size(); label > 0; label--) {
            int number = label;
            labels.get(label - 1).paint((object, a, b, c, length) -> put(numbers, number, a, b, c, length));
        }
        return planes(numbers);
    }

    /** For each voxel the number of the object of a label that it is in, or 0; as a picture like {@link #firstLabels}. */
    public LabelMap ids(int label) {
        int[] numbers = new int[Math.toIntExact(shape.voxels())];
        labels.get(label).paint((object, a, b, c, length) -> put(numbers, object, a, b, c, length));
        return planes(numbers);
    }

    /** The score of an object, by its number from 1. */
    public double score(int id) {
        return labels.stream()
                .flatMap(label -> label.objects().stream())
                .skip(id - 1L)
                .findFirst()
                .orElseThrow()
                .score();
    }

    private void put(int[] numbers, int number, int a, int b, int c, int length) {
        int place = grid.place(a, b, c);
        for (int i = 0; i < length; i++, place += grid.steps()[2]) {
            numbers[place] = number;
        }
    }

    /** A PNG of the greatest values along z with the objects drawn on it. */
    public byte[] overlay() {
        return picture(true);
    }

    /** z, y, x of a place of the model. */
    private int[] voxel(int a, int b, int c) {
        int place = grid.place(a, b, c);
        int plane = shape.height() * shape.width();
        return new int[] {place / plane, place % plane / shape.width(), place % shape.width()};
    }

    /** z, y, x of a centre on the model's axes: the map is linear along each of them. */
    private double[] centre(double[] along) {
        int[] origin = voxel(0, 0, 0);
        double[] centre = {origin[0], origin[1], origin[2]};
        for (int a = 0; a < 3; a++) {
            if (grid.sizes()[a] > 1) {
                int[] next = voxel(a == 0 ? 1 : 0, a == 1 ? 1 : 0, a == 2 ? 1 : 0);
                for (int axis = 0; axis < 3; axis++) {
                    centre[axis] += along[a] * (next[axis] - origin[axis]);
                }
            }
        }
        return centre;
    }

    /** The file that the request wants. */
    byte[] file() {
        return outputs != null ? outputs.bytes() : painted().bytes();
    }

    /** Where labels may overlap, each has a component of its own. */
    private ArrayFile painted() {
        long most = request.content() == VolumeRequest.Content.OBJECTS ? allObjects() : labels.size();
        ArrayFile.Type type =
                most <= 0xFF ? ArrayFile.Type.UINT8 : most <= 0xFFFF ? ArrayFile.Type.UINT16 : ArrayFile.Type.UINT32;
        ArrayFile file = new ArrayFile(
                Objects.requireNonNull(request.file()), type, overlap ? labels.size() : 1, shape, geometry);
        for (int label = 0; label < labels.size(); label++) {
            int number = label + 1;
            int component = overlap ? label : 0;
            labels.get(label).paint((object, a, b, c, length) -> {
                int value = request.content() == VolumeRequest.Content.OBJECTS ? object : number;
                int place = grid.place(a, b, c);
                for (int i = 0; i < length && value != 0; i++, place += grid.steps()[2]) {
                    file.set(component, place, value);
                }
            });
        }
        return file;
    }

    /** A PNG of the projection along z: the volume with its objects drawn on it, or the numbers of labels or objects. */
    byte[] picture(boolean overlay) {
        boolean objects = overlay || request.content() == VolumeRequest.Content.OBJECTS;
        if (objects && !overlay) {
            FoundObjects.requireFew(allObjects(), "the volume", "a file (format=npy&content=objects)");
        }
        int[] numbers = new int[shape.height() * shape.width()];
        for (int label = labels.size(); label > 0; label--) {
            int number = label;
            labels.get(label - 1).paint((object, a, b, c, length) -> {
                int value = objects ? object : number;
                for (int i = 0; i < length && value != 0; i++) {
                    int[] at = voxel(a, b, c + i);
                    numbers[at[1] * shape.width() + at[2]] = value;
                }
            });
        }
        LabelMap map = LabelMap.of(shape.width(), shape.height(), numbers);
        if (!overlay) {
            return objects || labels.size() > 0xFF ? Png.labels16(map) : Png.labels8(map);
        }
        Overlay drawn = new Overlay(UprightImage.of8Bit(shape.width(), shape.height(), 1, projection));
        drawn.drawObjects(map);
        return drawn.toPng();
    }

    private static double rounded(double value, double steps) {
        return Math.round(value * steps) / steps;
    }
}
