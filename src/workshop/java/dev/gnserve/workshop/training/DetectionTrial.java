package dev.gnserve.workshop.training;

import dev.gnserve.evaluation.AveragePrecision;
import dev.gnserve.evaluation.Found;
import dev.gnserve.workshop.training.BoxSampler.Crop;
import java.util.List;
import java.util.stream.IntStream;

/** A detector learns blood cells from crops. Its score is AP at 0.5 on whole held-out images, mean of the classes. */
record DetectionTrial(FcosShape shape, List<Crop> pool, List<BoxedImage> held)
        implements TrialTask<TrainableFcos, BoxBatch> {

    @Override
    public TrainableFcos network() {
        return new TrainableFcos(shape);
    }

    @Override
    public float[] initialWeights(TrainableFcos network, long seed) {
        return network.initialWeights(seed);
    }

    @Override
    public BoxBatch batch(int[] examples) {
        int side = (int) Math.round(Math.sqrt(pool.get(0).planes().length / 3.0));
        BoxBatch batch = new BoxBatch(examples.length, side, shape.classes());
        for (int i = 0; i < examples.length; i++) {
            batch.put(i, pool.get(examples[i]).planes(), pool.get(examples[i]).target());
        }
        return batch;
    }

    @Override
    public double score(TrainableFcos network) {
        AveragePrecision precision = new AveragePrecision();
        for (BoxedImage image : held) {
            precision.add(
                    image.boxes(),
                    BloodCellTraining.detect(network, image).stream()
                            .map(Found::of)
                            .toList());
        }
        return IntStream.range(0, shape.classes())
                .mapToDouble(label -> precision.of(label, 0.5))
                .average()
                .orElseThrow();
    }
}
