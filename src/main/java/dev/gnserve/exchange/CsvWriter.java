package dev.gnserve.exchange;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;

/** A table (RFC 4180) with a line for each object. Numbers have a decimal point. What only a mask tells is empty without one. */
final class CsvWriter implements ResultWriter {

    private static final String HEAD = "image,id,label,score,x,y,width,height,area,centroid_x,centroid_y,"
            + "equivalent_diameter,eccentricity\r\n";

    private final Path folder;
    private final StringBuilder lines = new StringBuilder(HEAD);

    CsvWriter(Path folder) {
        this.folder = folder;
    }

    @Override
    public void add(ImageResult result) {
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
