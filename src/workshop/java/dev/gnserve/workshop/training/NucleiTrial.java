package dev.gnserve.workshop.training;

import dev.gnserve.workshop.training.CropSampler.Crop;
import java.util.List;

/** A U-Net learns nuclei from crops. Its score is the Dice coefficient of all pixels of nuclei of all held-out crops together. */
record NucleiTrial(UNetShape shape, List<Crop> pool, List<Crop> held) implements TrialTask<TrainableUNet, CropBatch> {

    private static final int HELD_OUT_CROP = 128;
    private static final int HELD_OUT_BATCH = 8;

    /** The middle of an image, as it is. */
    static Crop middle(LabelledImage image) {
        CropWindow window = CropWindow.around(
                image.width() / 2, image.height() / 2, image.width(), image.height(), HELD_OUT_CROP, 1, 0);
        float[] planes = new float[3 * HELD_OUT_CROP * HELD_OUT_CROP];
        int[] ids = new int[HELD_OUT_CROP * HELD_OUT_CROP];
        window.copyPlanes(image.planes(), planes);
        window.copyNearest(image.ids(), ids);
        return new Crop(planes, SegmentationTarget.of(ids, HELD_OUT_CROP, HELD_OUT_CROP));
    }

    @Override
    public TrainableUNet network() {
        return new TrainableUNet(shape);
    }

    @Override
    public float[] initialWeights(TrainableUNet network, long seed) {
        return network.weights().initial(seed);
    }

    @Override
    public CropBatch batch(int[] examples) {
        CropBatch batch = new CropBatch(examples.length, shape.inputChannels(), side(pool.get(0)));
        for (int i = 0; i < examples.length; i++) {
            put(batch, i, pool.get(examples[i]));
        }
        return batch;
    }

    private void put(CropBatch batch, int item, Crop crop) {
        batch.put(item, planes(crop), crop.target());
    }

    private float[] planes(Crop crop) {
        if (shape.inputChannels() == 3) {
            return crop.planes();
        }
        float[] gray = new float[crop.planes().length / 3];
        for (int i = 0; i < gray.length; i++) {
            gray[i] = (crop.planes()[i] + crop.planes()[i + gray.length] + crop.planes()[i + 2 * gray.length]) / 3;
        }
        return gray;
    }

    private static int side(Crop crop) {
        return (int) Math.round(Math.sqrt(crop.target().classes().length));
    }

    @Override
    public double score(TrainableUNet network) {
        long common = 0;
        long both = 0;
        for (int from = 0; from < held.size(); from += HELD_OUT_BATCH) {
            List<Crop> crops = held.subList(from, Math.min(held.size(), from + HELD_OUT_BATCH));
            CropBatch batch = new CropBatch(crops.size(), shape.inputChannels(), HELD_OUT_CROP);
            for (int i = 0; i < crops.size(); i++) {
                put(batch, i, crops.get(i));
            }
            float[] probabilities = network.probabilities(batch);
            int pixels = HELD_OUT_CROP * HELD_OUT_CROP;
            for (int i = 0; i < crops.size(); i++) {
                byte[] classes = crops.get(i).target().classes();
                for (int at = 0; at < pixels; at++) {
                    boolean found = probabilities[i * SegmentationTarget.CLASSES * pixels + at] < 0.5f;
                    boolean nucleus = classes[at] != SegmentationTarget.BACKGROUND;
                    common += found && nucleus ? 1 : 0;
                    both += (found ? 1 : 0) + (nucleus ? 1 : 0);
                }
            }
        }
        return both == 0 ? 1 : 2.0 * common / both;
    }

    List<TrialData.HeldOut> heldOut() {
        return held.stream().map(this::heldOut).toList();
    }

    private TrialData.HeldOut heldOut(Crop crop) {
        byte[] classes = crop.target().classes();
        int[] truth = new int[classes.length];
        for (int i = 0; i < truth.length; i++) {
            truth[i] = classes[i] == SegmentationTarget.BACKGROUND ? 0 : 1;
        }
        return new TrialData.HeldOut(planes(crop), shape.inputChannels(), HELD_OUT_CROP, truth);
    }
}
