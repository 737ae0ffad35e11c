package dev.gnserve.workshop.training;

import dev.gnserve.workshop.training.CellCrops.Cell;
import java.util.List;

/** A residual network learns what is in the middle of crops of blood smears. Its score is the share of right classes, of which all are as frequent. */
record CellTrial(ResNetShape shape, List<Cell> pool, List<Cell> held) implements TrialTask<TrainableResNet, CellBatch> {

    private static final int HELD_OUT_BATCH = 32;

    @Override
    public TrainableResNet network() {
        return new TrainableResNet(shape);
    }

    @Override
    public float[] initialWeights(TrainableResNet network, long seed) {
        return network.weights().initial(seed);
    }

    @Override
    public CellBatch batch(int[] examples) {
        CellBatch batch = new CellBatch(examples.length, CellCrops.SIZE, shape.classes());
        for (int i = 0; i < examples.length; i++) {
            batch.put(i, pool.get(examples[i]));
        }
        return batch;
    }

    @Override
    public double score(TrainableResNet network) {
        int right = 0;
        for (int from = 0; from < held.size(); from += HELD_OUT_BATCH) {
            List<Cell> cells = held.subList(from, Math.min(held.size(), from + HELD_OUT_BATCH));
            CellBatch batch = new CellBatch(cells.size(), CellCrops.SIZE, shape.classes());
            for (int i = 0; i < cells.size(); i++) {
                batch.put(i, cells.get(i));
            }
            float[] logits = network.logits(batch);
            for (int i = 0; i < cells.size(); i++) {
                int best = 0;
                for (int label = 1; label < shape.classes(); label++) {
                    best = logits[i * shape.classes() + label] > logits[i * shape.classes() + best] ? label : best;
                }
                right += best == cells.get(i).label() ? 1 : 0;
            }
        }
        return right / (double) held.size();
    }

    List<TrialData.HeldOut> heldOut() {
        return held.stream()
                .map(cell -> new TrialData.HeldOut(cell.planes(), 3, CellCrops.SIZE, new int[] {cell.label()}))
                .toList();
    }
}
