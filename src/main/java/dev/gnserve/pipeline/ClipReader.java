package dev.gnserve.pipeline;

import dev.gnserve.backend.Tensor;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.Cancellation;
import dev.gnserve.image.ChannelOrder;
import dev.gnserve.image.ClipFrames;
import dev.gnserve.image.DecodeCost;
import dev.gnserve.image.FrameReader;
import dev.gnserve.image.ImageLimits;
import dev.gnserve.image.PreparedImage;
import dev.gnserve.image.Preprocessor;
import dev.gnserve.image.Resize;
import dev.gnserve.image.UprightImage;
import dev.gnserve.model.ClipSpec;
import dev.gnserve.model.ModelManifest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Makes the inputs of a model of clips: chooses frames, decodes and prepares them one after another, and stacks them. Thread-safe.
 */
final class ClipReader {

    private final FrameReader frames;

    ClipReader(ImageLimits limits) {
        this.frames = new FrameReader(limits);
    }

    /**
     * The clips of an upload.
     *
     * @param image the first frame
     * @param prepared the first frame as the model takes it
     * @param chosen the frames of each clip, from 0
     * @param values float32 [channels, height, width] of each frame
     */
    record Clips(UprightImage image, PreparedImage prepared, List<List<Integer>> chosen, Map<Integer, float[]> values) {

        /** The input for a clip: float32 [channels, frames, height, width]. */
        Tensor input(int clip) {
            List<Integer> numbers = chosen.get(clip);
            int channels = prepared.channels();
            int plane = prepared.tileHeight() * prepared.tileWidth();
            float[] stacked = new float[channels * numbers.size() * plane];
            for (int t = 0; t < numbers.size(); t++) {
                float[] frame = Objects.requireNonNull(values.get(numbers.get(t)), "a chosen frame was read");
                for (int c = 0; c < channels; c++) {
                    System.arraycopy(frame, c * plane, stacked, (c * numbers.size() + t) * plane, plane);
                }
            }
            return Tensor.of(stacked, channels, numbers.size(), prepared.tileHeight(), prepared.tileWidth());
        }

        /** What they take of the pixel budget, with so many inputs in flight. */
        long pixelsInBudget(int inFlight) {
            long held =
                    values.values().stream().mapToLong(frame -> frame.length).sum();
            List<Integer> one = chosen.get(0);
            long frame = Objects.requireNonNull(values.get(one.get(0)), "a chosen frame was read").length;
            held += (long) Math.min(inFlight, chosen.size()) * one.size() * frame;
            return image.pixelsInBudget() + held * Float.BYTES / PixelBudget.BYTES_PER_PIXEL;
        }
    }

    /** One upload of all images of a request. */
    static Upload together(List<Upload> parts) {
        Upload first = parts.get(0);
        if (first.page() != 1) {
            throw Failure.of(
                            FailureCode.INVALID_REQUEST,
                            "page is %d, but the model takes clips: it takes the pages or frames of a file by itself. Leave page out."
                                    .formatted(first.page()))
                    .asException();
        }
        return new Upload(
                first.name(),
                first.bytes(),
                1,
                parts.stream().skip(1).map(Upload::bytes).toList());
    }

    /** What reading takes of the pixel budget at most: a frame on its way, the frames that are kept, and the inputs in flight. */
    long price(ModelManifest manifest, Upload upload) {
        ChannelOrder wanted = manifest.input().colour();
        long pixels = 1;
        long decoding = 0;
        ClipSpec spec = spec(manifest);
        List<byte[]> files = files(upload);
        for (byte[] file : files) {
            for (int page : files.size() == 1 ? pages(spec, file) : Set.of(1)) {
                DecodeCost cost = frames.cost(file, page, wanted);
                pixels = Math.max(pixels, preparedPixels(manifest.input().resize(), cost));
                decoding = Math.max(decoding, cost.inPixels(PixelBudget.BYTES_PER_PIXEL));
            }
        }
        long kept = (long) spec.frames() * (spec.clips() + InputsInFlight.limit(manifest));
        long bytes = kept * pixels * wanted.channels() * Float.BYTES;
        return decoding + bytes / PixelBudget.BYTES_PER_PIXEL;
    }

    /** The pages that are read, from 1; the first one of a file without pages. */
    private Set<Integer> pages(ClipSpec spec, byte[] file) {
        try {
            int count = frames.hasPages(file) ? frames.count(file) : 0;
            return count < spec.least()
                    ? Set.of(1)
                    : spec.of(count).stream()
                            .flatMap(List::stream)
                            .map(number -> number + 1)
                            .collect(Collectors.toSet());
        } catch (FailureException e) {
            return Set.of(1); // Reading says what is wrong.
        }
    }

    /** Of a frame as the model takes it; it may be turned before. */
    private static long preparedPixels(Resize resize, DecodeCost cost) {
        Resize.Size size = resize.canvas(cost.width(), cost.height());
        Resize.Size turned = resize.canvas(cost.height(), cost.width());
        return Math.max((long) size.width() * size.height(), (long) turned.width() * turned.height());
    }

    /**
     * Reads the frames that the model takes.
     *
     * @throws FailureException INVALID_REQUEST, IMAGE_UNDECODABLE for too few frames or frames of several sizes, and what decoding throws
     */
    Clips read(ModelManifest manifest, Upload upload, Cancellation cancellation) {
        ClipSpec spec = spec(manifest);
        List<byte[]> files = files(upload);
        int count = files.size() == 1 ? frames.count(upload.bytes()) : onePicture(files);
        if (count < spec.least()) {
            throw Failure.of(
                            FailureCode.IMAGE_UNDECODABLE,
                            "it has %d frame%s, and the model takes clips of %d frames with the stride %d, which need %d: send a longer animation or TIFF stack, or more frames as further parts of the request"
                                    .formatted(
                                            count, count == 1 ? "" : "s", spec.frames(), spec.stride(), spec.least()))
                    .asException();
        }
        List<List<Integer>> chosen = spec.of(count);
        NavigableSet<Integer> numbers = new TreeSet<>();
        chosen.forEach(numbers::addAll);
        Prepared prepared = new Prepared(manifest.preprocessor());
        ChannelOrder wanted = manifest.input().colour();
        if (files.size() == 1) {
            frames.read(upload.bytes(), numbers, wanted, cancellation, prepared::add);
        } else {
            NavigableSet<Integer> only = new TreeSet<>(List.of(0));
            for (int number : numbers) {
                frames.read(
                        files.get(number), only, wanted, cancellation, (image, zero) -> prepared.add(image, number));
            }
        }
        List<List<Integer>> shown = chosen.stream()
                .map(clip -> clip.stream().map(number -> number + 1).toList())
                .toList();
        UprightImage first = Objects.requireNonNull(prepared.image, "a clip has a frame");
        return new Clips(
                first.ofClip(new ClipFrames(count, shown)),
                Objects.requireNonNull(prepared.first),
                chosen,
                prepared.values);
    }

    private static ClipSpec spec(ModelManifest manifest) {
        return Objects.requireNonNull(manifest.input().clip(), "the model takes single images");
    }

    private static List<byte[]> files(Upload upload) {
        List<byte[]> files = new ArrayList<>(List.of(upload.bytes()));
        files.addAll(upload.following());
        return files;
    }

    /** The number of the files, each of which has one picture. */
    private int onePicture(List<byte[]> files) {
        for (int i = 0; i < files.size(); i++) {
            int count = frames.count(files.get(i));
            if (count > 1) {
                throw Failure.of(
                                FailureCode.INVALID_REQUEST,
                                "image %d of the request has %d frames, and the request has %d images: send one file with all frames, or one frame in each file"
                                        .formatted(i + 1, count, files.size()))
                        .asException();
            }
        }
        return files.size();
    }

    /** Frames as the model takes them. For one thread. */
    private static final class Prepared {

        private final Preprocessor preprocessor;
        private final Map<Integer, float[]> values = new HashMap<>();
        private @Nullable UprightImage image;
        private @Nullable PreparedImage first;

        Prepared(Preprocessor preprocessor) {
            this.preprocessor = preprocessor;
        }

        void add(UprightImage frame, int number) {
            UprightImage before = image;
            if (before == null) {
                image = frame;
            } else if (before.width() != frame.width() || before.height() != frame.height()) {
                throw Failure.of(
                                FailureCode.IMAGE_UNDECODABLE,
                                "frame %d has %d x %d pixels and the first one that is used %d x %d; the frames of a clip have one size: bring them to one before sending"
                                        .formatted(
                                                number + 1,
                                                frame.width(),
                                                frame.height(),
                                                before.width(),
                                                before.height()))
                        .asException();
            }
            PreparedImage prepared = preprocessor.prepare(frame);
            first = first == null ? prepared : first;
            values.put(number, prepared.tile(0).values());
        }
    }
}
