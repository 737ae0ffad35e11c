package dev.gnserve.workshop.training;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.convolutional.Conv3d;
import ai.djl.nn.convolutional.Convolution;
import java.util.Arrays;

/** Makes convolutions over images or volumes, with the same size along all axes. */
final class ConvolutionOf {

    private ConvolutionOf() {}

    /**
     * A convolution whose output has the size of the input divided by the stride.
     *
     * @param axes 2 for images, 3 for volumes
     * @param size of the kernel, odd
     */
    static Convolution axes(int axes, int size, int filters, int stride, boolean bias) {
        return axes == 2
                ? of(Conv2d.builder(), axes, size, filters, stride, bias).build()
                : of(Conv3d.builder(), axes, size, filters, stride, bias).build();
    }

    private static <B extends Convolution.ConvolutionBuilder<B>> B of(
            B builder, int axes, int size, int filters, int stride, boolean bias) {
        return builder.setKernelShape(all(axes, size))
                .setFilters(filters)
                .optPadding(all(axes, size / 2))
                .optStride(all(axes, stride))
                .optBias(bias);
    }

    /** The same number for each axis. */
    static Shape all(int axes, int value) {
        long[] values = new long[axes];
        Arrays.fill(values, value);
        return new Shape(values);
    }
}
