package dev.gnserve.exchange;

import dev.gnserve.image.UprightImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A table (RFC 4180) with a line for each object. Numbers have a decimal point. What only a mask tells is empty without one. With the
 * pictures, the table has the mean of each channel, too.
 */
final class CsvWriter implements ResultWriter {

    private static final String HEAD =
            "image,id,label,score,x,y,width,height,area,centroid_x,centroid_y," + "equivalent_diameter,eccentricity";
    private static final String MEANS = ",intensity_mean-0,intensity_mean-1,intensity_mean-2";

    private final Path folder;
    private final @Nullable Intensities intensities;
    private final StringBuilder lines = new StringBuilder(HEAD);

    /** @param images folder of the pictures; null for a table without their values */
    CsvWriter(Path folder, @Nullable Path images) {
        this.folder = folder;
        this.intensities = images == null ? null : new Intensities(images);
        lines.append(intensities == null ? "" : MEANS).append("\r\n");
    }

    @Override
    public void add(ImageResult result) {
        UprightImage picture = intensities == null ? null : intensities.picture(result);
        for (FoundObject object : result.objects()) {
            FoundObject.Rectangle box = object.box();
            ObjectPixels pixels = object.pixels();
            lines.append(quoted(result.image()))
                    .append(',')
                    .append(object.id())
                    .append(',')
                    .append(quoted(object.label()));
            numbers(object.score(), box.x(), box.y(), box.width(), box.height(), object.area());
            if (pixels == null) {
                numbers(box.x() + box.width() / 2, box.y() + box.height() / 2);
                lines.append(",,");
            } else {
                numbers(pixels.centreX(), pixels.centreY(), pixels.diameter(), pixels.eccentricity());
            }
            if (picture != null) {
                double[] means = pixels == null ? new double[0] : Intensities.means(picture, pixels);
                numbers(means);
                lines.append(",".repeat(Intensities.CHANNELS - means.length));
            }
            lines.append("\r\n");
        }
    }

    private void numbers(double... values) {
        for (double value : values) {
            String text = String.format(Locale.ROOT, "%.4f", value).replaceFirst("\\.?0+$", "");
            lines.append(',').append(text);
        }
    }

    private static String quoted(String text) {
        boolean special = text.chars().anyMatch(letter -> letter == ',' || letter == '"' || letter < ' ');
        return special ? '"' + text.replace("\"", "\"\"") + '"' : text;
    }

    @Override
    public void end() throws IOException {
        Output.write(folder, "objects.csv", lines.toString().getBytes(StandardCharsets.UTF_8));
    }
}
