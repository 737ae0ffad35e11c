package dev.gnserve.tuning;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PlannedManifestTest {

    @Test
    void aManifestWithoutTheSectionGetsIt() {
        assertThat(PlannedManifest.with("task: tensors", "bfloat16"))
                .isEqualTo("task: tensors\nexecution: {plan: bfloat16}\n");
    }

    @Test
    void anotherPlanIsReplacedAndOtherLinesStay() {
        String manifest = """
                # execution: {plan: as-exported}
                execution: # on this machine
                    workers: 2
                    plan: bfloat16 # measured
                labels: [plan]
                """;

        assertThat(PlannedManifest.with(manifest, "channels-last")).isEqualTo("""
                # execution: {plan: as-exported}
                execution: # on this machine
                    plan: channels-last
                    workers: 2
                labels: [plan]
                """);
    }

    @Test
    void theAccuracyGoesWithThePlanThatItChose() {
        assertThat(PlannedManifest.with("execution: {accuracy: 5.5e-3, workers: 2}\n", "int8"))
                .isEqualTo("execution: {plan: int8, workers: 2}\n");
        assertThat(PlannedManifest.with("execution: {plan: \"auto\", accuracy: '.005'}\n", "int8"))
                .isEqualTo("execution: {plan: int8}\n");
        assertThat(PlannedManifest.with("execution:\n  plan: auto\n  accuracy: decisions\n", "int8"))
                .isEqualTo("execution:\n  plan: int8\n");
    }

    @Test
    void theSectionMayBeWrittenInBraces() {
        assertThat(PlannedManifest.with("execution: {workers: 2, plan: bfloat16}\ntask: tensors\n", "channels-last"))
                .isEqualTo("execution: {plan: channels-last, workers: 2, }\ntask: tensors\n");
        assertThat(PlannedManifest.with("execution: {plan: bfloat16} # fast\n", "channels-last"))
                .isEqualTo("execution: {plan: channels-last} # fast\n");
        assertThat(PlannedManifest.with("execution: {\n  workers: 2\n}\ntask: tensors\n", "bfloat16"))
                .isEqualTo("execution: {plan: bfloat16, \n  workers: 2\n}\ntask: tensors\n");
    }
}
