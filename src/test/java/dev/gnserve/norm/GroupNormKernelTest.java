package dev.gnserve.norm;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

@Tag("kernel")
class GroupNormKernelTest {

    /** The build runs the kernel tests twice, with the vector module and without, and says here what each must select. */
    @Test
    @EnabledIfSystemProperty(named = "gnserve.expectedKernel", matches = ".+")
    void selectsWhatTheBuildExpects() {
        assertThat(GroupNormKernel.select().kernel().name()).matches(System.getProperty("gnserve.expectedKernel"));
    }

    @Test
    void selectionSaysWhy() {
        GroupNormKernel.Selection selection = GroupNormKernel.select();

        assertThat(selection.kernel().name()).startsWith(Kernels.hasVectorModule() ? "vector-" : "scalar");
        assertThat(selection.reason())
                .contains(Kernels.hasVectorModule() ? "widest" : "--add-modules jdk.incubator.vector");
        assertThat(GroupNormKernel.select()).isSameAs(selection);
    }
}
