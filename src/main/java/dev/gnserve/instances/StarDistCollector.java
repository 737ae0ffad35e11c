package dev.gnserve.instances;

import dev.gnserve.backend.Prediction;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.Geometry;
import dev.gnserve.image.LabelMap.Region;
import dev.gnserve.image.PreparedImage;
import dev.gnserve.model.PixelMaps;
import dev.gnserve.model.StarDistOutputs;
import dev.gnserve.model.StarDistSpec;
import dev.gnserve.pipeline.TileCollector;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Collects the polygons of the pixels of all tiles, then chooses the objects of the whole picture. Each pixel of the picture counts in
 * one tile only. Not thread-safe.
 */
final class StarDistCollector implements TileCollector<Instances> {

    /** Positions of the outputs at the border of the picture that give no polygon, as in StarDist. */
    private static final int BORDER = 2;

    private static final float SHORTEST = 1e-3f;

    /** So many polygons are read together: their distances lie apart, ray by ray. */
    private static final int TOGETHER = 256;

    private final StarDistSpec spec;
    private final PreparedImage prepared;
    private final float threshold;
    private final List<StarPolygon> candidates = new ArrayList<>();
    private int next;

    /** @param threshold a pixel gives a polygon if its probability is above this */
    StarDistCollector(StarDistSpec spec, PreparedImage prepared, float threshold) {
        this.spec = spec;
        this.prepared = prepared;
        this.threshold = threshold;
    }

    @Override
    public void add(Prediction tile) {
        StarDistOutputs outputs = StarDistOutputs.of(tile);
        int grid = PixelMaps.requireStride(outputs.probability(), prepared.tileWidth(), prepared.tileHeight());
        Region place = prepared.place(next);
        Region core = prepared.core(next);
        next++;
        int width = outputs.probability().shape().size(2);
        int height = outputs.probability().shape().size(1);
        float[] probabilities = outputs.probability().floats();
        Geometry geometry = prepared.geometry();
        int[] chosen = new int[width * height];
        int count = 0;
        for (int row = 0, at = 0; row < height; row++) {
            int y = place.y() + row * grid;
            for (int column = 0; column < width; column++, at++) {
                int x = place.x() + column * grid;
                if (Float.isNaN(probabilities[at])) {
                    throw fault("probability", probabilities[at]);
                }
                boolean counts = probabilities[at] > threshold
                        && isOwn(x, core.x(), core.width())
                        && isOwn(y, core.y(), core.height())
                        && isClear(x, grid, geometry.paddedWidth())
                        && isClear(y, grid, geometry.paddedHeight())
                        && x < geometry.scaledWidth()
                        && y < geometry.scaledHeight();
                if (counts) {
                    chosen[count++] = at;
                }
            }
        }
        StarPolygon.Rays rays = new StarPolygon.Rays(outputs.distances().shape().size(0));
        requireRoom(count, rays.count());
        for (int from = 0; from < count; from += TOGETHER) {
            int[] pixels = Arrays.copyOfRange(chosen, from, Math.min(count, from + TOGETHER));
            float[][] along = along(outputs.distances().floats(), pixels, width * height, rays.count());
            for (int i = 0; i < pixels.length; i++) {
                int x = place.x() + pixels[i] % width * grid;
                int y = place.y() + pixels[i] / width * grid;
                candidates.add(new StarPolygon(x, y, rays, along[i], probabilities[pixels[i]]));
            }
        }
    }

    private void requireRoom(int more, int rays) {
        long pixels = (long) prepared.geometry().width() * prepared.geometry().height();
        long most = spec.mostPolygons(pixels, rays);
        if (candidates.size() + more > most) {
            throw Failure.of(
                            FailureCode.INVALID_REQUEST,
                            ("more than %,d of the %,d pixels have a probability above the threshold %s, and each becomes a polygon of %d"
                                            + " rays, which takes memory: send a higher threshold, or set a higher"
                                            + " output.stardist.probability in model.yaml")
                                    .formatted(most, pixels, threshold, rays))
                    .asException();
        }
    }

    private static boolean isOwn(int position, int from, int size) {
        return position >= from && position < from + size;
    }

    private static boolean isClear(int position, int grid, int size) {
        return position >= BORDER * grid && position < size - BORDER * grid;
    }

    /** The distances of some pixels, each [rays]. */
    private static float[][] along(float[] distances, int[] pixels, int plane, int rays) {
        float[][] values = new float[pixels.length][rays];
        for (int ray = 0; ray < rays; ray++) {
            for (int i = 0; i < pixels.length; i++) {
                float distance = distances[ray * plane + pixels[i]];
                if (!Float.isFinite(distance)) {
                    throw fault("distance", distance);
                }
                values[i][ray] = Math.max(SHORTEST, distance);
            }
        }
        return values;
    }

    private static FailureException fault(String what, float value) {
        return new FailureException(
                FailureCode.ENGINE_FAULT, "The model gives a " + what + " of " + value + " for this image.");
    }

    @Override
    public Instances finish() {
        List<StarPolygon> objects = new StarPolygons(candidates).objects(spec.overlap());
        Geometry geometry = prepared.geometry();
        double scaleX = (double) geometry.width() / geometry.scaledWidth();
        double scaleY = (double) geometry.height() / geometry.scaledHeight();
        int[] ids = new int[Math.multiplyExact(geometry.width(), geometry.height())];
        float[] scores = new float[objects.size()];
        for (int i = objects.size() - 1; i >= 0; i--) { // The best is drawn last, over the others.
            StarPolygon polygon = objects.get(i);
            polygon.draw(i + 1, scaleX, scaleY, ids, geometry.width());
            scores[i] = polygon.score();
        }
        return new Instances(geometry.width(), geometry.height(), ids, scores, new int[objects.size()]);
    }
}
