package dev.gnserve.exchange;

import dev.gnserve.image.LabelMap;
import dev.gnserve.image.Png;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Label pictures of 16 bits: 0 is background. Where objects overlap, the one with the higher score has the pixel. */
final class LabelWriter implements ResultWriter {

    private static final int MOST = 0xFFFF;

    private final Path folder;

    LabelWriter(Path folder) {
        this.folder = folder;
    }

    @Override
    public void add(ImageResult result) throws IOException {
        int[] numbers = new int[Math.multiplyExact(result.width(), result.height())];
        List<FoundObject> worstFirst = new ArrayList<>(result.objects());
        worstFirst.sort(Comparator.comparingDouble(FoundObject::score));
        for (FoundObject object : worstFirst) {
            ObjectPixels pixels = object.pixels();
            if (pixels == null) {
                throw new IllegalArgumentException(
                        "its objects have no masks; boxes are converted to coco, csv, geojson and yolo");
            }
            if (object.id() > MOST) {
                throw new IllegalArgumentException(
                        "it has more than " + MOST + " objects, the most that 16 bits can tell apart");
            }
            LabelMap.Region region = pixels.region();
            for (int i = 0; i < pixels.inside().length; i++) {
                if (pixels.inside()[i] != 0) {
                    int y = region.y() + i / region.width();
                    numbers[y * result.width() + region.x() + i % region.width()] = object.id();
                }
            }
        }
        Output.write(
                folder, result.image() + ".png", Png.labels16(LabelMap.of(result.width(), result.height(), numbers)));
    }
}
