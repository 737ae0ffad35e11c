package dev.gnserve.exchange;

import dev.gnserve.image.CocoRle;
import dev.gnserve.image.LabelMap;
import dev.gnserve.image.Polygons;
import java.util.List;

/**
 * The pixels of an object and what is measured on them, as scikit-image's {@code regionprops} defines it.
 *
 * @param region the smallest rectangle around them; one pixel where there are none
 * @param inside 1 inside, [region height, region width], row-major
 * @param area count of the pixels
 * @param centreX mean of the pixels' centres; the centre of the leftmost pixel is 0.5
 * @param centreY mean of the pixels' centres
 * @param majorAxis variance of the pixels along the longer axis of the ellipse with the same second moments
 * @param minorAxis variance along the shorter one
 */
@SuppressWarnings("ArrayRecordComponent") // Compared never.
record ObjectPixels(
        LabelMap.Region region,
        byte[] inside,
        int area,
        double centreX,
        double centreY,
        double majorAxis,
        double minorAxis) {

    static ObjectPixels of(CocoRle runs) {
        LabelMap.Region bounds = runs.bounds();
        LabelMap.Region region = bounds == null ? new LabelMap.Region(0, 0, 1, 1) : bounds;
        byte[] inside = runs.pixels(region);
        int area = 0;
        double sumX = 0;
        double sumY = 0;
        double sumXX = 0;
        double sumXY = 0;
        double sumYY = 0;
        for (int i = 0; i < inside.length; i++) {
            if (inside[i] != 0) {
                int x = i % region.width();
                int y = i / region.width();
                area++;
                sumX += x;
                sumY += y;
                sumXX += (double) x * x;
                sumXY += (double) x * y;
                sumYY += (double) y * y;
            }
        }
        int count = Math.max(1, area);
        double meanX = sumX / count;
        double meanY = sumY / count;
        double xx = sumXX / count - meanX * meanX;
        double xy = sumXY / count - meanX * meanY;
        double yy = sumYY / count - meanY * meanY;
        double middle = (xx + yy) / 2;
        double away = Math.hypot((xx - yy) / 2, xy);
        return new ObjectPixels(
                region,
                inside,
                area,
                region.x() + meanX + 0.5,
                region.y() + meanY + 0.5,
                middle + away,
                Math.max(0, middle - away));
    }

    /** Of the circle with this area, in pixels. */
    double diameter() {
        return Math.sqrt(4 * area / Math.PI);
    }

    /** Of the ellipse with the same second moments: 0 for a circle, almost 1 for a line. */
    double eccentricity() {
        return majorAxis == 0 ? 0 : Math.sqrt(1 - minorAxis / majorAxis);
    }

    /** The outlines, in pixels of the upright image. */
    List<Polygons.Part> parts() {
        LabelMap map = LabelMap.of(region.width(), region.height(), inside);
        return Polygons.parts(map, 1, new LabelMap.Region(0, 0, region.width(), region.height())).stream()
                .map(part -> part.shifted(region.x(), region.y()))
                .toList();
    }
}
