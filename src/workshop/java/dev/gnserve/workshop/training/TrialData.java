package dev.gnserve.workshop.training;

import dev.gnserve.evaluation.BloodCellData;
import dev.gnserve.evaluation.Fold;
import dev.gnserve.evaluation.NucleiData;
import dev.gnserve.image.Normalization;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;

/**
 * The examples of trials, read and drawn when they are first needed. All trials with as many examples learn from the same ones. Not thread-safe.
 *
 * <p>Nuclei: images of at most {@value #MOST_PIXELS} pixels; the split {@code val} is for choosing and {@code test} for reporting. Blood cells: a third of
 * the places on the slides is for reporting, and another third for choosing, which is then learnt from for the report.
 */
public final class TrialData {

    private static final int MOST_PIXELS = 110_000;
    private static final int NUCLEI_CROP = 48;
    private static final int DETECTION_CROP = 128;
    private static final int HELD_OUT_CELLS = 960;
    private static final long SEED = 1;

    private static final Fold REPORTED = new Fold(1, 3);
    private static final Fold CHOSEN_BY = new Fold(2, 3);

    /** To 0..1, whatever the exposure. */
    private static final Normalization UNSTRETCHED =
            new Normalization.Fixed(1 / 255f, List.of(0f, 0f, 0f), List.of(1f, 1f, 1f));

    private final Path nuclei;
    private final Path bloodCells;
    private final Map<List<Object>, Object> loaded = new HashMap<>();

    /**
     * Data in two folders, each needed only by the networks that use it.
     *
     * @param nuclei as for {@link NucleiTraining}
     * @param bloodCells as for {@link BloodCellTraining}
     */
    public TrialData(Path nuclei, Path bloodCells) {
        this.nuclei = nuclei;
        this.bloodCells = bloodCells;
    }

    private interface Loading<T> {
        T load() throws IOException;
    }

    private <T> T once(Loading<T> loading, Object... key) throws IOException {
        List<Object> of = List.of(key);
        if (!loaded.containsKey(of)) {
            loaded.put(of, loading.load());
        }
        @SuppressWarnings("unchecked") // A key has one type.
        T value = (T) loaded.get(of);
        return value;
    }

    NucleiTrial nuclei(TrialRecipe recipe) throws IOException {
        boolean stretched = recipe.stretched();
        List<CropSampler.Crop> pool = once(
                () -> new CropSampler(nucleiImages("train", stretched), NUCLEI_CROP, SEED).pool(recipe.examples()),
                "nuclei pool",
                stretched,
                recipe.examples());
        String split = recipe.choosing() ? "val" : "test";
        List<CropSampler.Crop> heldOut = once(
                () -> nucleiImages(split, stretched).stream()
                        .map(NucleiTrial::middle)
                        .toList(),
                "nuclei held out",
                stretched,
                split);
        return new NucleiTrial(recipe.unet(), pool, heldOut);
    }

    private List<LabelledImage> nucleiImages(String split, boolean stretched) throws IOException {
        NucleiData data = NucleiData.open(nuclei);
        Normalization normalization = stretched ? NucleiRecipe.NORMALIZATION : UNSTRETCHED;
        List<String> small = new ArrayList<>();
        for (String file : data.files(split)) {
            if (pixels(data.imageOf(file)) <= MOST_PIXELS) {
                small.add(file);
            }
        }
        return TrainingImages.load(data, small, normalization);
    }

    /** Of an image, from its header. */
    private static int pixels(Path file) throws IOException {
        try (ImageInputStream in = ImageIO.createImageInputStream(file.toFile())) {
            ImageReader reader = ImageIO.getImageReaders(in).next();
            try {
                reader.setInput(in);
                return reader.getWidth(0) * reader.getHeight(0);
            } finally {
                reader.dispose();
            }
        }
    }

    CellTrial cells(TrialRecipe recipe) throws IOException {
        boolean choosing = recipe.choosing();
        List<CellCrops.Cell> pool = once(
                () -> CellCrops.draw(reduced(smears(true, choosing), 2), recipe.examples(), true, SEED),
                "cells pool",
                choosing,
                recipe.examples());
        List<CellCrops.Cell> heldOut = once(
                () -> CellCrops.draw(reduced(smears(false, choosing), 2), HELD_OUT_CELLS, false, SEED),
                "cells held out",
                choosing);
        return new CellTrial(recipe.resnet(), pool, heldOut);
    }

    DetectionTrial detection(TrialRecipe recipe) throws IOException {
        boolean choosing = recipe.choosing();
        List<BoxSampler.Crop> pool = once(
                () -> new BoxSampler(
                                reduced(smears(true, choosing), 1), DETECTION_CROP, BloodCellData.LABELS.size(), SEED)
                        .pool(recipe.examples()),
                "detection pool",
                choosing,
                recipe.examples());
        List<BoxedImage> heldOut = once(() -> reduced(smears(false, choosing), 1), "detection held out", choosing);
        return new DetectionTrial(recipe.fcos(), pool, heldOut);
    }

    private List<BoxedImage> smears(boolean training, boolean choosing) throws IOException {
        BloodCellData data = BloodCellData.open(bloodCells);
        List<String> files = data.testing(choosing ? CHOSEN_BY : REPORTED);
        if (training) {
            Set<String> held = new HashSet<>(files);
            held.addAll(data.testing(REPORTED));
            files = data.training(REPORTED).stream()
                    .filter(file -> !held.contains(file))
                    .toList();
        }
        return TrainingImages.load(data, files);
    }

    /** Images of half the side, as often as said. */
    private static List<BoxedImage> reduced(List<BoxedImage> images, int halvings) {
        return halvings == 0
                ? images
                : reduced(images.stream().map(BoxedImage::halved).toList(), halvings - 1);
    }

    /**
     * A held-out image as the network takes it, with the truth.
     *
     * @param planes float32 [channels, side, side]
     * @param truth of the U-Net: for each pixel 1 where a nucleus is, else 0; of the classifier: the class
     */
    @SuppressWarnings("ArrayRecordComponent") // Shared, not copied.
    public record HeldOut(float[] planes, int channels, int side, int[] truth) {}

    /** The held-out images of a trial of a U-Net or a classifier. */
    public List<HeldOut> heldOut(TrialRecipe recipe) throws IOException {
        return switch (recipe.subject()) {
            case UNET -> nuclei(recipe).heldOut();
            case RESNET -> cells(recipe).heldOut();
            case FCOS -> throw new IllegalArgumentException("detectors are not served here");
        };
    }
}
