package dev.gnserve.norm;

import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The kernels that this JVM can load, also those that are wider than the processor. */
final class Kernels {

    private Kernels() {}

    static Stream<GroupNormKernel> groupNorm() {
        Stream<GroupNormKernel> scalar = Stream.of(new ScalarGroupNormKernel());
        return hasVectorModule()
                ? Stream.concat(scalar, IntStream.of(128, 256, 512).mapToObj(VectorKernels::groupNorm))
                : scalar;
    }

    static Stream<ComparisonKernel> comparison() {
        Stream<ComparisonKernel> scalar = Stream.of(new ScalarComparisonKernel());
        return hasVectorModule()
                ? Stream.concat(scalar, IntStream.of(256, 512).mapToObj(VectorKernels::comparison))
                : scalar;
    }

    static boolean hasVectorModule() {
        return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
    }
}
