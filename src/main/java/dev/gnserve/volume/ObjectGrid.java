package dev.gnserve.volume;

import java.util.ArrayList;
import java.util.List;

/** The voxels of one label with the number of its object at each voxel: for objects that touch. Immutable. */
public final class ObjectGrid implements LabelVoxels {

    private final int[] numbers;
    private final int[] sizes;
    private final List<Found> found;
    private final long voxels;

    private ObjectGrid(int[] numbers, int[] sizes, List<Found> found, long voxels) {
        this.numbers = numbers;
        this.sizes = sizes;
        this.found = List.copyOf(found);
        this.voxels = voxels;
    }

    /** The probability that a voxel belongs to the object that it is in. */
    @FunctionalInterface
    public interface Probability {

        double at(int place);
    }

    /**
     * Numbers objects in reading order of their first voxels.
     *
     * @param ids for each voxel the number of its object, 1 or more, or 0; [sizes], kept and changed
     * @param minimum voxels of an object; smaller ones are none
     */
    public static ObjectGrid of(int[] ids, int[] sizes, Probability probability, long minimum) {
        List<ObjectSum> sums = new ArrayList<>();
        int most = 0;
        for (int id : ids) {
            most = Math.max(most, id);
        }
        int[] order = new int[most + 1]; // From 1.
        long[] voxels = new long[1];
        each(ids, sizes, (id, a, b, c, length) -> {
            if (order[id] == 0) {
                sums.add(new ObjectSum());
                order[id] = sums.size();
            }
            int place = (a * sizes[1] + b) * sizes[2] + c;
            double sum = 0;
            for (int i = 0; i < length; i++) {
                sum += probability.at(place + i);
            }
            sums.get(order[id] - 1).add(a, b, c, length, sum);
            voxels[0] += length;
        });
        int[] numbers = new int[sums.size() + 1];
        List<Found> found = new ArrayList<>();
        for (int i = 0; i < sums.size(); i++) {
            if (sums.get(i).voxels() >= minimum) {
                found.add(sums.get(i).found());
                numbers[i + 1] = found.size();
            } else {
                numbers[i + 1] = TOO_SMALL;
            }
        }
        for (int i = 0; i < ids.length; i++) {
            ids[i] = numbers[order[ids[i]]];
        }
        return new ObjectGrid(ids, sizes, found, voxels[0]);
    }

    /** For voxels of the label in objects that are too small. */
    private static final int TOO_SMALL = -1;

    private static void each(int[] numbers, int[] sizes, Painter painter) {
        for (int at = 0; at < numbers.length; ) {
            int number = numbers[at];
            int c = at % sizes[2];
            int row = at / sizes[2];
            int end = at + 1;
            while (end < at - c + sizes[2] && numbers[end] == number) {
                end++;
            }
            if (number != 0) {
                painter.run(Math.max(0, number), row / sizes[1], row % sizes[1], c, end - at);
            }
            at = end;
        }
    }

    @Override
    public long voxels() {
        return voxels;
    }

    @Override
    public List<Found> objects() {
        return found;
    }

    @Override
    public void paint(Painter painter) {
        each(numbers, sizes, painter);
    }
}
