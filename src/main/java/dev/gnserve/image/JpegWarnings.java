package dev.gnserve.image;

import javax.imageio.ImageReader;
import javax.imageio.event.IIOReadWarningListener;
import org.jspecify.annotations.Nullable;

/** Keeps the first warning of libjpeg that means lost pixels: it fills the rest with gray and goes on. */
final class JpegWarnings implements IIOReadWarningListener {

    private @Nullable String damage;

    @Override
    public void warningOccurred(ImageReader source, @Nullable String warning) {
        // "Corrupt JPEG data: 2 extraneous bytes before marker 0xd9" and the like lose nothing and are common;
        // remarks on profiles and other metadata start differently.
        if (damage == null
                && warning != null
                && (warning.startsWith("Corrupt JPEG data") || warning.startsWith("Premature end"))
                && !warning.contains("extraneous bytes")) {
            damage = warning;
        }
    }

    void throwIfDamaged() throws CorruptImageException {
        if (damage != null) {
            throw new CorruptImageException(damage);
        }
    }
}
