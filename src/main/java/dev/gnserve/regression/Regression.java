package dev.gnserve.regression;

import dev.gnserve.image.FloatFiles;
import dev.gnserve.image.Overlay;
import dev.gnserve.image.PlanarImage;
import dev.gnserve.image.UprightImage;
import dev.gnserve.image.ValueScale;
import dev.gnserve.model.ValueSpec;
import dev.gnserve.pipeline.Timing;
import dev.gnserve.regression.EncodedValues.Encoding;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The result of regression for one image.
 *
 * @param image upright
 * @param maps float32 [labels, height, width], as large as the image
 */
record Regression(UprightImage image, List<String> labels, ValueSpec spec, PlanarImage maps) {

    /** The JSON document. */
    RegressedImage describe(String name, @Nullable Encoding encoding, Timing timing) {
        List<ValueMap> described = new ArrayList<>();
        for (int label = 0; label < labels.size(); label++) {
            described.add(describe(label, encoding));
        }
        return new RegressedImage(name, image.page(), image.width(), image.height(), described, timing, null);
    }

    private ValueMap describe(int label, @Nullable Encoding encoding) {
        int pixels = maps.width() * maps.height();
        double sum = 0;
        for (int i = label * pixels; i < (label + 1) * pixels; i++) {
            sum += maps.values()[i];
        }
        double mean = sum / pixels;
        double squares = 0;
        for (int i = label * pixels; i < (label + 1) * pixels; i++) {
            double difference = maps.values()[i] - mean;
            squares += difference * difference;
        }
        ValueScale all = range(label);
        return new ValueMap(
                labels.get(label),
                unit(label),
                all.least(),
                all.greatest(),
                mean,
                Math.sqrt(squares / pixels),
                encoding == null ? null : encoded(label, encoding));
    }

    private @Nullable String unit(int label) {
        return spec.units().isEmpty() ? null : spec.units().get(label);
    }

    private EncodedValues encoded(int label, Encoding encoding) {
        String data = Base64.getEncoder().encodeToString(file(label, encoding));
        ValueScale scale = scale(label);
        return encoding == Encoding.PNG16
                ? new EncodedValues(encoding, data, scale.scale(), scale.offset())
                : new EncodedValues(encoding, data, null, null);
    }

    /** The file of a map. */
    byte[] file(int label, Encoding encoding) {
        return switch (encoding) {
            case PNG16 -> scale(label).png(maps, label);
            case TIFF -> FloatFiles.tiff(maps, label);
            case NPY -> FloatFiles.npy(maps, label);
        };
    }

    /** A PNG of the image, coloured by the values of a map. */
    byte[] overlay(int label) {
        ValueScale scale = scale(label);
        String unit = unit(label);
        Overlay overlay = new Overlay(image);
        overlay.drawValues(
                maps,
                label,
                scale,
                String.format(
                        Locale.ROOT,
                        "%s %.4g to %.4g%s",
                        labels.get(label),
                        scale.least(),
                        scale.greatest(),
                        unit == null ? "" : " " + unit));
        return overlay.toPng();
    }

    /** Which values pictures show: those that the manifest says, or all. */
    private ValueScale scale(int label) {
        ValueScale shown = spec.shown();
        return shown == null ? range(label) : shown;
    }

    private ValueScale range(int label) {
        int pixels = maps.width() * maps.height();
        float least = Float.POSITIVE_INFINITY;
        float greatest = Float.NEGATIVE_INFINITY;
        for (int i = label * pixels; i < (label + 1) * pixels; i++) {
            least = Math.min(least, maps.values()[i]);
            greatest = Math.max(greatest, maps.values()[i]);
        }
        return new ValueScale(least, greatest);
    }
}
