package dev.gnserve.exchange;

import dev.gnserve.image.Polygons;
import dev.gnserve.pipeline.MultiPolygon;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/** GeoJSON (RFC 7946) with the properties that QuPath 0.4 and later read: objectType, classification and measurements. */
final class GeoJsonWriter implements ResultWriter {

    private final Path folder;

    GeoJsonWriter(Path folder) {
        this.folder = folder;
    }

    @Override
    public void add(ImageResult result) throws IOException {
        List<Object> features = new ArrayList<>();
        for (FoundObject object : result.objects()) {
            Map<String, Object> measurements = new LinkedHashMap<>();
            measurements.put("Score", object.score());
            measurements.put("Area px", object.area());
            features.add(Map.of(
                    "type", "Feature",
                    "geometry", geometry(object),
                    "properties",
                            Map.of(
                                    "objectType",
                                    "detection",
                                    "classification",
                                    Map.of("name", object.label()),
                                    "measurements",
                                    measurements)));
        }
        Output.write(
                folder,
                result.image() + ".geojson",
                JsonMapper.shared().writeValueAsBytes(Map.of("type", "FeatureCollection", "features", features)));
    }

    private static Object geometry(FoundObject object) {
        ObjectPixels pixels = object.pixels();
        if (pixels != null && pixels.area() > 0) {
            List<Polygons.Part> parts = pixels.parts();
            MultiPolygon all = MultiPolygon.of(parts);
            return parts.size() > 1
                    ? all
                    : Map.of("type", "Polygon", "coordinates", all.coordinates().get(0));
        }
        FoundObject.Rectangle box = object.box();
        double right = box.x() + box.width();
        double bottom = box.y() + box.height();
        List<List<Double>> ring = List.of(
                List.of(box.x(), box.y()),
                List.of(right, box.y()),
                List.of(right, bottom),
                List.of(box.x(), bottom),
                List.of(box.x(), box.y()));
        return Map.of("type", "Polygon", "coordinates", List.of(ring));
    }
}
