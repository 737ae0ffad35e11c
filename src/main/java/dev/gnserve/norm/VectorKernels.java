package dev.gnserve.norm;

import java.io.InputStream;
import java.lang.constant.ConstantDescs;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Objects;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Makes the kernels in the Vector API. Loaded by name, and only if the module {@code jdk.incubator.vector} is resolved.
 *
 * <p>The compiler turns vector operations into instructions only if it knows the species as a constant. A field of an instance is not
 * a constant (measured: 10 to 20 times slower). So each width has a hidden copy of the kernel's class, in which the species is a static
 * constant.
 */
final class VectorKernels {

    /**
     * Narrower comparison kernels are scalar: two float64 lanes are not faster than one, and JDK 17 has no instruction that converts a
     * pair of floats (measured: four times slower than plain Java).
     */
    private static final int MIN_COMPARISON_BITS = 256;

    private VectorKernels() {}

    /** The kernels with the widest vectors that the processor has and the columns allow. */
    static GroupNormKernel.Selection select() {
        int bits = Math.min(FloatVector.SPECIES_PREFERRED.vectorBitSize(), GroupNormKernel.FOLDED_COLUMNS * Float.SIZE);
        return new GroupNormKernel.Selection(
                groupNorm(bits), comparison(bits), "the widest vectors of this processor that the JVM offers");
    }

    /**
     * The kernel of one width, which is correct but slow if the processor lacks it.
     *
     * @param bits 64, 128, 256 or 512
     */
    static GroupNormKernel groupNorm(int bits) {
        return copy(VectorGroupNormKernel.class, bits);
    }

    /** The comparison kernel of one width, likewise. */
    static ComparisonKernel comparison(int bits) {
        return bits < MIN_COMPARISON_BITS ? new ScalarComparisonKernel() : copy(VectorComparisonKernel.class, bits);
    }

    /** The species of a hidden copy. The original class is never initialized. */
    @SuppressWarnings("unchecked")
    static VectorSpecies<Float> species(MethodHandles.Lookup kernel) {
        try {
            return MethodHandles.classData(kernel, ConstantDescs.DEFAULT_NAME, VectorSpecies.class);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }

    /** An instance of a new hidden copy of a kernel's class. */
    @SuppressWarnings("unchecked")
    private static <K> K copy(Class<? extends K> kernel, int bits) {
        VectorSpecies<Float> species = VectorSpecies.of(float.class, VectorShape.forBitSize(bits));
        String resource = kernel.getSimpleName() + ".class";
        try (InputStream code = kernel.getResourceAsStream(resource)) {
            MethodHandles.Lookup copy = MethodHandles.lookup()
                    .defineHiddenClassWithClassData(
                            Objects.requireNonNull(code, resource).readAllBytes(), species, true);
            return (K) copy.findConstructor(copy.lookupClass(), MethodType.methodType(void.class))
                    .invoke();
        } catch (Throwable e) {
            throw new IllegalStateException("No " + kernel.getSimpleName() + " for " + species, e);
        }
    }
}
