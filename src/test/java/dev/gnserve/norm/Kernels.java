package dev.gnserve.norm;

import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Every kernel that this JVM can load, whatever the processor's own width. */
final class Kernels {

    private Kernels() {}

    static Stream<GroupNormKernel> all() {
        Stream<GroupNormKernel> scalar = Stream.of(new ScalarGroupNormKernel());
        return hasVectorModule()
                ? Stream.concat(scalar, IntStream.of(128, 256, 512).mapToObj(VectorGroupNormKernel::ofWidth))
                : scalar;
    }

    static boolean hasVectorModule() {
        return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
    }
}
