package dev.gnserve.image;

import java.io.IOException;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.Map;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.spi.ImageReaderSpi;

/**
 * One chosen decoder per format, looked up once: which plug-ins lie on the class path, and in which order, does not
 * matter, and no request pays for a search.
 */
final class ImageReaders {

    private final Map<ImageFormat, ImageReaderSpi> providers = new EnumMap<>(ImageFormat.class);

    ImageReaders() {
        providers.put(ImageFormat.JPEG, ofTheJdk("jpeg"));
        providers.put(ImageFormat.PNG, ofTheJdk("png"));
        providers.put(ImageFormat.GIF, ofTheJdk("gif"));
    }

    ImageReader open(ImageFormat format) throws IOException {
        ImageReaderSpi provider = providers.get(format);
        if (provider == null) {
            throw new IllegalStateException("no decoder for " + format);
        }
        return provider.createReaderInstance();
    }

    private static ImageReaderSpi ofTheJdk(String formatName) {
        Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName(formatName);
        while (readers.hasNext()) {
            ImageReaderSpi provider = readers.next().getOriginatingProvider();
            if (provider != null
                    && "java.desktop".equals(provider.getClass().getModule().getName())) {
                return provider;
            }
        }
        throw new IllegalStateException(
                "this Java runtime has no decoder for " + formatName + " (module java.desktop)");
    }
}
