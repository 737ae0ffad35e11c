package dev.gnserve.archive;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class NormalizationInventoryTest {

    /** What PyTorch itself saw when the samples were made: the modules that were called, by path. */
    @ParameterizedTest
    @MethodSource("samplesWithModules")
    void everyModuleThatPyTorchCalledIsListedAsItWas(String name, JsonNode calls) {
        Set<String> expected = new LinkedHashSet<>();
        for (JsonNode call : calls) {
            boolean affine = call.get("affine").asBoolean();
            expected.add(String.join(
                    " ",
                    // Freezing dissolves the modules: their names are not in the archive any more.
                    name.contains("frozen") ? "" : call.get("layer").asString(),
                    call.get("groups").asString(),
                    // Without weights, tracing leaves nothing that says how many channels there are.
                    affine ? call.get("channels").asString() : "null",
                    Double.toString(call.get("eps").asDouble()),
                    Boolean.toString(affine)));
        }
        Set<String> listed = new LinkedHashSet<>();
        for (NormalizationLayer layer : Samples.archive(name).normalizations()) {
            if (layer.verifiable()) {
                assertThat(layer.kind()).isEqualTo(NormalizationKind.GROUP_NORM);
                assertThat(layer.reason()).isNull();
                listed.add(String.join(
                        " ",
                        name.contains("frozen") ? "" : layer.name(),
                        String.valueOf(layer.groups()),
                        String.valueOf(layer.channels()),
                        String.valueOf(layer.epsilon()),
                        String.valueOf(layer.affine())));
            }
        }
        assertThat(listed).isEqualTo(expected);
    }

    static Stream<Object[]> samplesWithModules() {
        List<Object[]> samples = new ArrayList<>();
        for (JsonNode sample : JsonMapper.shared().readTree(Samples.bytes("cases.json"))) {
            if (!sample.get("module_groupnorm_calls").isEmpty()) {
                samples.add(new Object[] {sample.get("name").asString(), sample.get("module_groupnorm_calls")});
            }
        }
        return samples.stream();
    }

    @Test
    void frozenCallsAreNumberedInOrder() {
        assertThat(Samples.archive("chain-frozen").normalizations())
                .extracting(NormalizationLayer::name, NormalizationLayer::groups, NormalizationLayer::epsilon)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple("group_norm.1", 4, 1e-5),
                        org.assertj.core.groups.Tuple.tuple("group_norm.2", 4, 1e-5),
                        org.assertj.core.groups.Tuple.tuple("group_norm.3", 8, 1e-3));
    }

    @Test
    void callsOutsideAModuleAreNamedAfterTheFunction() {
        assertThat(Samples.archive("functional-traced").normalizations())
                .containsExactly(new NormalizationLayer(
                        "group_norm", NormalizationKind.GROUP_NORM, 2, 8, 1e-4, true, true, null));
        assertThat(Samples.archive("functional-scripted").normalizations())
                .isEqualTo(Samples.archive("functional-traced").normalizations());
        assertThat(Samples.archive("free-function-scripted").normalizations())
                .containsExactly(new NormalizationLayer(
                        "free_norm", NormalizationKind.GROUP_NORM, 4, 8, 1e-5, true, true, null));
    }

    @Test
    void aModuleRegisteredTwiceIsListedTwiceAndVerifiedOnce() {
        List<NormalizationLayer> layers =
                Samples.archive("same-object-twice-traced").normalizations();

        assertThat(layers).extracting(NormalizationLayer::name).containsExactly("n1", "n2");
        assertThat(layers).extracting(NormalizationLayer::verifiable).containsExactly(true, false);
        assertThat(layers.get(1).reason()).contains("shares its parameters with n1");
        assertThat(layers.get(1).groups()).isNull();
    }

    @Test
    void otherNormalizationsAreListedWithTheReasonWhyTheyAreNotVerified() {
        assertThat(Samples.archive("batch-norm-scripted").normalizations())
                .containsExactly(new NormalizationLayer(
                        "n",
                        NormalizationKind.BATCH_NORM,
                        null,
                        8,
                        1e-5,
                        true,
                        false,
                        "it is batch-norm; only group-norm is verified"));
        assertThat(Samples.archive("no-norm-traced").normalizations()).isEmpty();
    }

    @Test
    void aDeclarationThatItsOwnCodeContradictsIsReported() {
        TorchScriptArchive archive = Samples.archive("chain-scripted");
        String file = "code/__torch__/torch/nn/modules/normalization/___torch_mangle_25.py";
        String code = archive.code(file).replace("bias, 0.001, )", "bias, 1.0000000000000001e-05, )");

        TorchScriptArchive changed =
                archive.with(java.util.Map.of(file, code.getBytes(java.nio.charset.StandardCharsets.UTF_8)));

        assertThat(changed.normalizations().get(2))
                .isEqualTo(new NormalizationLayer(
                        "body.1.norm",
                        NormalizationKind.GROUP_NORM,
                        8,
                        32,
                        1e-3,
                        true,
                        true,
                        "it declares epsilon 0.001, but its code uses 1.0E-5"));
    }
}
