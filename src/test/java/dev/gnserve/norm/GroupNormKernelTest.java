package dev.gnserve.norm;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

@Tag("kernel")
class GroupNormKernelTest {

    /** The build runs the kernel tests with and without the vector module, and sets the expected kernel. */
    @Test
    @EnabledIfSystemProperty(named = "gnserve.expectedKernel", matches = ".+")
    void selectsWhatTheBuildExpects() {
        assertThat(GroupNormKernel.select().kernel().name()).matches(System.getProperty("gnserve.expectedKernel"));
    }

    @Test
    void selectionSaysWhy() {
        GroupNormKernel.Selection selection = GroupNormKernel.select();

        assertThat(selection.kernel().name()).startsWith(Kernels.hasVectorModule() ? "vector-" : "scalar");
        assertThat(selection.comparison().name()).isIn(selection.kernel().name(), "scalar");
        assertThat(selection.reason())
                .contains(Kernels.hasVectorModule() ? "widest" : "--add-modules jdk.incubator.vector");
        assertThat(GroupNormKernel.select()).isSameAs(selection);
    }
}
