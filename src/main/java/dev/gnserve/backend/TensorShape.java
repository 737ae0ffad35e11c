package dev.gnserve.backend;

import java.util.Arrays;
import java.util.stream.Collectors;

/** The sizes of a tensor's axes, outermost first. Immutable. */
public final class TensorShape {

    private final int[] sizes;
    private final int elements;

    private TensorShape(int[] sizes) {
        int product = 1;
        for (int size : sizes) {
            if (size < 0) {
                throw new IllegalArgumentException("shape " + Arrays.toString(sizes) + " has a negative axis");
            }
        }
        try {
            for (int size : sizes) {
                product = Math.multiplyExact(product, size);
            }
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException("shape " + Arrays.toString(sizes) + " has more than 2^31 - 1 values", e);
        }
        this.sizes = sizes;
        this.elements = product;
    }

    /**
     * A shape of these sizes.
     *
     * @throws IllegalArgumentException if a size is negative, or the shape has more than 2^31 - 1 values
     */
    public static TensorShape of(int... sizes) {
        return new TensorShape(sizes.clone());
    }

    public int rank() {
        return sizes.length;
    }

    public int size(int axis) {
        return sizes[axis];
    }

    /** The number of values; 1 for rank 0. */
    public int elements() {
        return elements;
    }

    /** This shape with a new outermost axis. */
    public TensorShape prepend(int size) {
        int[] longer = new int[sizes.length + 1];
        longer[0] = size;
        System.arraycopy(sizes, 0, longer, 1, sizes.length);
        return new TensorShape(longer);
    }

    /** This shape without its outermost axis. */
    public TensorShape withoutFirst() {
        if (sizes.length == 0) {
            throw new IllegalArgumentException("a scalar has no axis to remove");
        }
        return new TensorShape(Arrays.copyOfRange(sizes, 1, sizes.length));
    }

    public int[] toArray() {
        return sizes.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TensorShape that && Arrays.equals(sizes, that.sizes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(sizes);
    }

    /** As {@code [3, 256, 256]}. */
    @Override
    public String toString() {
        return Arrays.stream(sizes).mapToObj(Integer::toString).collect(Collectors.joining(", ", "[", "]"));
    }
}
