package dev.gnserve.exchange;

import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The formats that results are converted to. */
public enum Format {
    /** {@code results.json} for pycocotools' {@code loadRes}, and {@code dataset.json}, a data set with these objects as annotations. */
    COCO {
        @Override
        ResultWriter writer(Path folder, Categories categories, @Nullable Path images) {
            return new CocoWriter(folder, categories);
        }
    },
    /** {@code IMAGE.geojson}: a FeatureCollection as QuPath reads it. */
    GEOJSON {
        @Override
        ResultWriter writer(Path folder, Categories categories, @Nullable Path images) {
            return new GeoJsonWriter(folder);
        }
    },
    /** {@code objects.csv}: a line for each object of all images. */
    CSV {
        @Override
        ResultWriter writer(Path folder, Categories categories, @Nullable Path images) {
            return new CsvWriter(folder, images);
        }
    },
    /** {@code IMAGE.png}: 16 bits, the number of the object at each pixel. */
    LABELS {
        @Override
        ResultWriter writer(Path folder, Categories categories, @Nullable Path images) {
            return new LabelWriter(folder);
        }
    },
    /** {@code IMAGE.txt}: the class and the box of each object, as YOLO's tools read them; and {@code classes.txt}. */
    YOLO {
        @Override
        ResultWriter writer(Path folder, Categories categories, @Nullable Path images) {
            return new YoloWriter(folder, categories);
        }
    };

    /** @param images folder of the pictures, for what is measured on them; null where that is not wanted */
    abstract ResultWriter writer(Path folder, Categories categories, @Nullable Path images);

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
