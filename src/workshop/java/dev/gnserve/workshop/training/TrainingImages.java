package dev.gnserve.workshop.training;

import dev.gnserve.evaluation.BloodCellData;
import dev.gnserve.evaluation.NucleiData;
import dev.gnserve.image.Normalization;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.stream.IntStream;

/** Reads the whole images of a data set into memory, in parallel, in the order given. */
final class TrainingImages {

    private TrainingImages() {}

    static List<LabelledImage> load(NucleiData nuclei, List<String> files, Normalization normalization) {
        return files.parallelStream()
                .map(file -> load(nuclei, file, normalization))
                .toList();
    }

    static List<BoxedImage> load(BloodCellData cells, List<String> files) {
        return files.parallelStream().map(file -> load(cells, file)).toList();
    }

    private static LabelledImage load(NucleiData nuclei, String file, Normalization normalization) {
        try {
            BufferedImage image = NucleiData.read(nuclei.imageOf(file));
            float[] planes = planes(image);
            normalization.apply(planes, 3);
            return new LabelledImage(
                    file, nuclei.typeOf(file), image.getWidth(), image.getHeight(), planes, nuclei.objectIds(file));
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": " + e.getMessage(), e);
        }
    }

    private static BoxedImage load(BloodCellData cells, String file) {
        try {
            BufferedImage image = NucleiData.read(cells.imageOf(file));
            float[] planes = planes(image);
            for (int i = 0; i < planes.length; i++) {
                planes[i] /= 255;
            }
            return new BoxedImage(file, image.getWidth(), image.getHeight(), planes, cells.boxesOf(file));
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": " + e.getMessage(), e);
        }
    }

    /** float32 [3, height, width], 0 to 255. */
    private static float[] planes(BufferedImage image) {
        int width = image.getWidth();
        int height = image.getHeight();
        int[] rgb = image.getRGB(0, 0, width, height, null, 0, width);
        float[] planes = new float[3 * rgb.length];
        IntStream.range(0, rgb.length).forEach(i -> {
            planes[i] = rgb[i] >> 16 & 0xff;
            planes[i + rgb.length] = rgb[i] >> 8 & 0xff;
            planes[i + 2 * rgb.length] = rgb[i] & 0xff;
        });
        return planes;
    }
}
