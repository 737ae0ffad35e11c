package dev.gnserve.volume;

import dev.gnserve.image.Cancellation;
import dev.gnserve.image.TiffStack;
import dev.gnserve.image.UnsupportedImageException;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A TIFF file whose pages are planes of a volume, in the order that its description gives. */
final class TiffVolume implements VolumeFile.Source {

    private final TiffStack stack;
    private final StackAxes axes;
    private final VolumeShape shape;

    private TiffVolume(TiffStack stack, StackAxes axes) {
        this.stack = stack;
        this.axes = axes;
        this.shape = new VolumeShape(axes.channels() * stack.samples(), axes.depth(), stack.height(), stack.width());
    }

    static TiffVolume of(TiffStack stack, int channels) throws IOException {
        StackAxes axes = StackAxes.of(stack, channels);
        if (axes.channels() > 1 && stack.samples() > 1) {
            throw new UnsupportedImageException(
                    "it has %d channels in pages and %d samples in each pixel; save each channel in pages of its own"
                            .formatted(axes.channels(), stack.samples()));
        }
        StackAxes.requirePages(stack, axes.channels(), axes.depth());
        return new TiffVolume(stack, axes);
    }

    @Override
    public VolumeShape shape() {
        return shape;
    }

    @Override
    public Geometry geometry() {
        @Nullable List<Double> spacing = axes.spacing();
        return new Geometry(spacing, spacing == null ? null : axes.unit(), null);
    }

    @Override
    public void read(float[] into, Cancellation cancellation) throws IOException {
        int plane = shape.height() * shape.width();
        for (int z = 0; z < axes.depth(); z++) {
            for (int c = 0; c < axes.channels(); c++) {
                int at = (c * axes.depth() + z) * plane;
                stack.read(axes.page(c, z), into, at, axes.depth() * plane, cancellation);
            }
        }
    }
}
