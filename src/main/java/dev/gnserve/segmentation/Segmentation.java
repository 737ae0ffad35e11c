package dev.gnserve.segmentation;

import dev.gnserve.image.LabelMap;
import dev.gnserve.image.LabelMap.Region;
import dev.gnserve.image.Overlay;
import dev.gnserve.image.Png;
import dev.gnserve.image.UprightImage;
import dev.gnserve.pipeline.MaskWriter;
import dev.gnserve.pipeline.Timing;
import dev.gnserve.segmentation.SegmentedObject.PixelBox;
import dev.gnserve.segmentation.SegmentedObject.Point;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The result of segmentation for one image.
 *
 * @param image upright
 * @param classes one per label, in the model's order
 */
public record Segmentation(UprightImage image, List<SegmentedClass> classes) {

    /** The JSON document. */
    SegmentedImage describe(String name, MaskWriter writer, boolean withObjects, Timing timing) {
        List<ClassMask> masks = new ArrayList<>();
        List<SegmentedObject> objects = new ArrayList<>();
        Region everything = new Region(0, 0, image.width(), image.height());
        for (SegmentedClass found : classes) {
            int pixels = found.mask().count(1);
            masks.add(new ClassMask(
                    found.label(),
                    pixels,
                    rounded((double) pixels / image.width() / image.height(), 1e6),
                    writer.write(found.mask(), 1, everything)));
            if (withObjects) {
                describeObjects(found, writer, objects);
            }
        }
        return new SegmentedImage(
                name, image.page(), image.width(), image.height(), masks, withObjects ? objects : null, timing, null);
    }

    /** A PNG of the image with its objects tinted and outlined. */
    byte[] overlay() {
        Overlay overlay = new Overlay(image);
        overlay.drawObjects(allIds());
        return overlay.toPng();
    }

    /** A PNG of {@link #firstLabels}, of 8 bits, or of 16 for more than 255 labels. */
    byte[] labels() {
        return classes.size() > 0xFF ? Png.labels16(firstLabels()) : Png.labels8(firstLabels());
    }

    /** For each pixel 0 for background, else the number of the first label whose mask has it, from 1. */
    public LabelMap firstLabels() {
        int[] labels = new int[image.width() * image.height()];
        for (int label = classes.size(); label > 0; label--) {
            LabelMap mask = classes.get(label - 1).mask();
            for (int y = 0, at = 0; y < image.height(); y++) {
                for (int x = 0; x < image.width(); x++, at++) {
                    if (mask.label(x, y) != 0) {
                        labels[at] = label;
                    }
                }
            }
        }
        return LabelMap.of(image.width(), image.height(), labels);
    }

    /**
     * A 16-bit PNG of the object ids of the JSON document.
     *
     * @throws dev.gnserve.failure.FailureException INVALID_REQUEST for more of them
     */
    byte[] objectIds() {
        long count =
                classes.stream().mapToLong(found -> found.objects().count()).sum();
        FoundObjects.requireFew(count, "the image", "JSON, or send a part of the image");
        return Png.labels16(allIds());
    }

    /** The mean overlap (IoU) of the masks of one label, over the labels of both; 1 where both masks are empty, 0 where one has no such label. */
    double overlap(Segmentation other) {
        Map<String, LabelMap> others =
                other.classes.stream().collect(Collectors.toMap(SegmentedClass::label, SegmentedClass::mask));
        double sum = 0;
        int labels = others.size();
        for (SegmentedClass found : classes) {
            LabelMap mask = others.get(found.label());
            if (mask == null) {
                labels++;
            } else {
                sum += found.mask().overlap(mask);
            }
        }
        return labels == 0 ? 1 : sum / labels;
    }

    private LabelMap allIds() {
        if (classes.size() == 1) {
            return classes.get(0).ids();
        }
        int[] all = new int[image.width() * image.height()];
        int offset = 0;
        for (SegmentedClass found : classes) {
            for (int y = 0, at = 0; y < image.height(); y++) {
                for (int x = 0; x < image.width(); x++, at++) {
                    int id = found.ids().label(x, y);
                    if (id != 0) {
                        all[at] = offset + id;
                    }
                }
            }
            offset += found.objects().count();
        }
        return LabelMap.of(image.width(), image.height(), all);
    }

    private static void describeObjects(SegmentedClass found, MaskWriter writer, List<SegmentedObject> objects) {
        int offset = objects.size();
        LabelMap ids = found.ids();
        Extent[] extents = new Extent[found.objects().count()];
        for (int y = 0; y < ids.height(); y++) {
            for (int x = 0; x < ids.width(); x++) {
                int id = ids.label(x, y);
                if (id != 0) {
                    if (extents[id - 1] == null) {
                        extents[id - 1] = new Extent(x, y);
                    }
                    extents[id - 1].add(x, y);
                }
            }
        }
        for (int id = 1; id <= extents.length; id++) {
            Extent extent = extents[id - 1];
            Region region = extent.region();
            objects.add(new SegmentedObject(
                    offset + id,
                    found.label(),
                    rounded(found.objects().score(id), 1e4),
                    extent.area,
                    new PixelBox(region.x(), region.y(), region.width(), region.height()),
                    extent.centroid(),
                    writer.write(ids, id, region)));
        }
    }

    private static double rounded(double value, double steps) {
        return Math.round(value * steps) / steps;
    }

    /** Measures one object from its pixels, in row-major order. */
    private static final class Extent {
        private int left;
        private int right;
        private final int top;
        private int bottom;
        private int area;
        private long sumX;
        private long sumY;

        Extent(int x, int y) {
            left = x;
            right = x;
            top = y;
        }

        void add(int x, int y) {
            left = Math.min(left, x);
            right = Math.max(right, x);
            bottom = y;
            area++;
            sumX += x;
            sumY += y;
        }

        Region region() {
            return new Region(left, top, right - left + 1, bottom - top + 1);
        }

        Point centroid() {
            return new Point(rounded((double) sumX / area + 0.5, 100), rounded((double) sumY / area + 0.5, 100));
        }
    }
}
