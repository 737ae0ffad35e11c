package dev.gnserve.image;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import java.io.IOException;
import java.util.Locale;
import java.util.NavigableSet;
import java.util.function.ObjIntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Reads files as sequences of frames: an animated GIF, PNG or WebP as viewers show it, a TIFF page by page, and any other image as one
 * frame. The orientation of EXIF is applied to single images and TIFF pages. Thread-safe.
 *
 * <p>One frame is in memory at a time. A frame of an animation is drawn on those before it, so all up to the last one wanted are decoded.
 */
public final class FrameReader {

    /** Frames that are decoded have at most so many times the pixels that an image may have. */
    private static final int MOST_IMAGES = 8;

    /** Of the canvas, a copy of it, a frame, what it is decoded from, and the samples. */
    private static final double BYTES_PER_PIXEL = 4 + 4 + 4 + Vp8l.BYTES_PER_PIXEL + 3 + 3;

    private final ImageLimits limits;
    private final ImageDecoder decoder;
    private final ImageReaders readers = new ImageReaders();

    public FrameReader(ImageLimits limits) {
        this.limits = limits;
        this.decoder = new ImageDecoder(limits);
    }

    /**
     * Frames of a file, 1 or more.
     *
     * @throws dev.gnserve.failure.FailureException UNSUPPORTED_MEDIA, IMAGE_TOO_LARGE, IMAGE_UNDECODABLE
     */
    public int count(byte[] file) {
        if (ImageFormat.of(file) == null) {
            throw Failure.of(
                            FailureCode.UNSUPPORTED_MEDIA,
                            "these %d bytes are no file with frames that is read here: send an animated GIF, PNG or WebP, a TIFF stack, or several images; of a video, save its frames as images"
                                    .formatted(file.length))
                    .asException();
        }
        try {
            Animation animation = animation(file);
            return animation != null
                    ? animation.frames()
                    : ImageFormat.of(file) == ImageFormat.TIFF ? TiffDirectory.pages(file).length : 1;
        } catch (IOException | RuntimeException | StackOverflowError e) {
            throw DecodeFailure.of("the %s of %d bytes".formatted(ImageFormat.of(file), file.length), e)
                    .asException();
        }
    }

    /** Whether frames of a file are pages, of which each has a size of its own. */
    public boolean hasPages(byte[] file) {
        return ImageFormat.of(file) == ImageFormat.TIFF;
    }

    /**
     * What reading a frame takes, read from the headers.
     *
     * @param page of a TIFF, from 1
     */
    public DecodeCost cost(byte[] file, int page, ChannelOrder wanted) {
        try {
            Animation animation = animation(file);
            return animation == null
                    ? decoder.cost(file, page, wanted)
                    : DecodeCost.of(animation.width(), animation.height(), BYTES_PER_PIXEL, file.length);
        } catch (IOException | RuntimeException | StackOverflowError e) {
            return DecodeCost.of(1, 1, 0, file.length); // Decoding says what is wrong.
        }
    }

    /**
     * Decodes frames, and passes them on in their order.
     *
     * @param numbers of the frames, from 0
     * @throws dev.gnserve.failure.FailureException as {@link ImageDecoder#decode(byte[], int, ChannelOrder, Cancellation)}
     */
    public void read(
            byte[] file,
            NavigableSet<Integer> numbers,
            ChannelOrder wanted,
            Cancellation cancellation,
            ObjIntConsumer<UprightImage> frames) {
        Animation animation;
        DecodeWork work = new DecodeWork(cancellation);
        try {
            animation = animation(file);
            if (animation != null) {
                play(animation, numbers, work, frames);
                return;
            }
        } catch (IOException | RuntimeException | StackOverflowError | OutOfMemoryError e) {
            if (work.stopped() != null) {
                throw work.stopped();
            }
            throw DecodeFailure.of("the %s of %d bytes".formatted(ImageFormat.of(file), file.length), e)
                    .asException();
        }
        for (int number : numbers) {
            frames.accept(decoder.decode(file, number + 1, wanted, cancellation), number);
        }
    }

    private void play(
            Animation animation, NavigableSet<Integer> numbers, DecodeWork work, ObjIntConsumer<UprightImage> frames)
            throws IOException {
        int last = numbers.last();
        long pixels = (long) animation.width() * animation.height() * (last + 1);
        if (pixels > MOST_IMAGES * limits.maxPixels()) {
            throw Failure.of(
                            FailureCode.IMAGE_TOO_LARGE,
                            String.format(
                                    Locale.ROOT,
                                    "the animation has %,d pixels in the %,d frames up to the last one that the model takes; at most %,d are decoded (%d times gnserve.limits.max-pixels): send a shorter or smaller one",
                                    pixels,
                                    last + 1,
                                    MOST_IMAGES * limits.maxPixels(),
                                    MOST_IMAGES))
                    .asException();
        }
        AnimationCanvas canvas = new AnimationCanvas(animation.width(), animation.height());
        for (int number = 0; number <= last; number++) {
            work.goOn();
            canvas.draw(animation.frame(number, work));
            if (numbers.contains(number)) {
                frames.accept(canvas.image(), number);
            }
        }
    }

    /** Null for a file with one picture, and for a TIFF. */
    private @Nullable Animation animation(byte[] file) throws IOException {
        ImageFormat format = ImageFormat.of(file);
        if (format == ImageFormat.GIF) {
            GifAnimation animation = GifAnimation.read(file, limits, readers);
            return animation.frames() > 1 ? animation : null;
        }
        if (format == ImageFormat.PNG && PngStructure.read(file, limits).pictures() > 1) {
            return PngAnimation.read(file, readers);
        }
        return format == ImageFormat.WEBP && WebpStructure.read(file, limits).pictures() > 1
                ? WebpAnimation.read(file)
                : null;
    }
}
