package dev.gnserve.program;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.FileOperator;
import dev.gnserve.archive.NormalizationLayer;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.archive.TorchScriptException;
import dev.gnserve.program.ProgramFacts.Axis;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

/** What a program says about itself survives its conversion; what cannot be served is refused by name. */
class ProgramConversionTest {

    @ParameterizedTest
    @CsvSource({"torch-2.6/unet, 2.6.0, 8.2", "torch-2.8/unet, 2.8.0, 8.8", "torch-2.15/unet, 2.15.0, 8.20"})
    void bothLayoutsTellVersionsAndAxes(String name, String torch, String schema) {
        try (ArchiveSnapshot archive = Programs.open(name + ".pt2")) {
            ProgramFacts facts = Objects.requireNonNull(ProgramFacts.of(archive.torchScript()));
            assertThat(facts.torchVersion()).startsWith(torch);
            assertThat(facts.schemaVersion()).isEqualTo(schema);
            ProgramFacts.Tensor image = facts.inputs().get(0);
            assertThat(image.name()).isEqualTo("image");
            assertThat(image.type()).isEqualTo("float32");
            assertThat(image.axes().stream().map(Axis::allowed))
                    .containsExactly(
                            "from 1 to 16", "3", "multiples of 4 from 16 to 256", "multiples of 4 from 16 to 256");
            assertThat(image.axes().stream().map(Axis::size)).containsExactly(2L, 3L, 16L, 24L);
            assertThat(facts.outputs().get(0).name()).isEqualTo("out");
        }
    }

    @Test
    void everyNormalizationHasItsModulesName() {
        assertThat(layers("torch-2.15/norms"))
                .extracting(NormalizationLayer::name)
                .containsExactlyInAnyOrder(
                        "batch", "instance", "layer", "plain", "one", "two", "tied", "group_norm.1", "group_norm.2");
        assertThat(layers("torch-2.15/norms"))
                .filteredOn(layer -> layer.name().equals("tied"))
                .first()
                .satisfies(layer -> {
                    assertThat(layer.groups()).isEqualTo(4);
                    assertThat(layer.channels()).isEqualTo(4);
                    assertThat(layer.verifiable()).isTrue();
                });
        assertThat(layers("torch-2.15/pyramid"))
                .extracting(NormalizationLayer::name)
                .containsExactly("stem.1", "head.0.1", "head.1.1");
    }

    @Test
    void decomposedNormalizationsAreVerifiableOrNamed() {
        assertThat(layers("torch-2.15/decomposed")).hasSize(2).allMatch(NormalizationLayer::verifiable);
        assertThat(layers("torch-2.6/decomposed")).hasSize(2).allMatch(NormalizationLayer::verifiable);
        assertThat(layers("torch-2.15/decomposed-further")).hasSize(2).allSatisfy(layer -> {
            assertThat(layer.verifiable()).isFalse();
            assertThat(layer.reason()).contains("exported as single operators");
        });
    }

    private static List<NormalizationLayer> layers(String name) {
        try (ArchiveSnapshot archive = Programs.open(name + ".pt2")) {
            return archive.torchScript().normalizations();
        }
    }

    @Test
    void argumentsNestAsInTheModel() {
        try (ArchiveSnapshot archive = Programs.open("torch-2.15/nested.pt2")) {
            assertThat(archive.torchScript().forward().inputs().stream()
                            .map(input -> input.name() + ": " + input.type()))
                    .containsExactly(
                            "image: Tensor",
                            "options: Dict[str, Tensor]",
                            "mixed_a: Tensor",
                            "mixed_b_0: Tensor",
                            "levels: List[Tensor]");
            assertThat(archive.torchScript().forward().result()).isEqualTo("Tuple[Tensor, List[Tensor]]");
        }
    }

    @Test
    void theSameProgramGivesTheSameBytesAndNoFileOperators() {
        try (ArchiveSnapshot once = Programs.open("torch-2.15/tensors.pt2");
                ArchiveSnapshot again = Programs.open("torch-2.15/tensors.pt2")) {
            assertThat(once.sha256()).isEqualTo(again.sha256());
            TorchScriptArchive archive = once.torchScript();
            assertThat(FileOperator.in(archive)).isEmpty();
            assertThat(archive.corruptEntries()).isEmpty();
            assertThat(archive.parameters())
                    .extracting(TorchScriptArchive.Parameter::name)
                    .contains("conv.weight", "first.weight", "list.0", "names.in", "names.max", "dropped", "nothing");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"counter", "training"})
    void programsThatKeepStateAreRefused(String name) {
        assertThatThrownBy(() -> Programs.open("torch-2.15/" + name + ".pt2"))
                .isInstanceOf(TorchScriptException.class)
                .hasMessageContaining(name.equals("counter") ? "changes count while it runs" : "num_batches_tracked")
                .hasMessageContaining("eval()");
    }

    /** The buffer is changed by another name of its memory, and as one of a list. */
    @ParameterizedTest
    @ValueSource(strings = {"aliases", "lists"})
    void programsThatChangeABufferByAnotherNameAreRefused(String name) {
        assertThatThrownBy(() -> Programs.open("torch-2.7/" + name + ".pt2"))
                .isInstanceOf(TorchScriptException.class)
                .hasMessageContaining("changes kept while it runs");
    }

    @ParameterizedTest
    @CsvSource({
        "'\"major\": 8', '\"major\": 9', the program has schema 9",
        "torch.ops.aten.relu_.default, torch.ops.mine.relu.default, 'calls torch.ops.mine.relu.default, which libtorch does not have'",
        "torch.ops.aten.relu_.default, torch.ops.aten.view.dtype, reads the memory of a tensor as another type",
        "torch.ops.aten.relu_.default, torch.ops.higher_order.scan, the higher-order operator scan",
        "torch.ops.aten.relu_.default, my_library.relu, calls my_library.relu",
        "'{\"parameter\":', '{\"custom_obj\":', an object of the kind custom_obj",
        "'{\"parameter\":', '{\"token\":', Take the operator out of forward and export the model again",
        "'{\"user_output\":', '{\"token\":', Take the operator out of forward and export the model again",
        "torch.ops.aten.relu_.default, torch.ops.higher_order.with_effects, an operator with effects",
        "'{\"user_output\":', '{\"loss_output\":', training step",
        "'{\"parameter\": {\"arg\": {\"name\": \"p_top_0_weight\"', '{\"parameter\": {\"arg\": {\"name\": \"other\"', 'the value p_top_0_weight, which no node makes'",
    })
    void whatCannotBeServedIsNamed(String old, String replacement, String why) {
        byte[] changed = Programs.withJson("torch-2.15/unet.pt2", json -> {
            assertThat(json).contains(old);
            return json.replace(old, replacement);
        });
        assertThatThrownBy(() -> Programs.open(changed, "changed.pt2"))
                .isInstanceOf(TorchScriptException.class)
                .hasMessageContaining(why);
    }

    @Test
    void otherKindsOfThatSuffixAreNamed() {
        byte[] none = {};
        byte[] compiled = Programs.zip(Map.of(
                "m/archive_format", "pt2".getBytes(StandardCharsets.UTF_8), "m/data/aotinductor/model/a.so", none));
        assertThatThrownBy(() -> Programs.open(compiled, "compiled.pt2"))
                .hasMessageContaining("a package of AOTInductor")
                .hasMessageContaining("torch.export.save");
        byte[] several =
                Programs.zip(Map.of("m/archive_format", none, "m/models/a.json", none, "m/models/b.json", none));
        assertThatThrownBy(() -> Programs.open(several, "several.pt2")).hasMessageContaining("with 2 programs");
        byte[] empty = Programs.zip(Map.of("m/archive_format", none));
        assertThatThrownBy(() -> Programs.open(empty, "empty.pt2")).hasMessageContaining("without an exported program");
    }

    @Test
    void corruptWeightsAreRefused() {
        byte[] program = Programs.bytes("torch-2.15/unet.pt2");
        byte[] weight = Programs.entries(program).get("unet/data/weights/weight_0");
        int at = indexOf(program, weight);
        program[at + 5] ^= 1;
        assertThatThrownBy(() -> Programs.open(program, "corrupt.pt2"))
                .isInstanceOf(TorchScriptException.class)
                .hasMessageContaining("fail their checksum");
    }

    private static int indexOf(byte[] bytes, byte[] part) {
        int at = 0;
        while (!java.util.Arrays.equals(bytes, at, at + part.length, part, 0, part.length)) {
            at++;
        }
        return at;
    }

    /** Names and texts of a program become code, so none may end a line or a text. */
    @Test
    void namesCannotBecomeCode() {
        JsonMapper mapper = JsonMapper.shared();
        String key = mapper.writeValueAsString(List.of("out\"}\n    torch.save(x)\u00e9\\"));
        String context = mapper.writeValueAsString(key);
        String quoted = mapper.writeValueAsString(context);
        byte[] changed = Programs.withJson("torch-2.15/unet.pt2", json -> {
            String old = "\\\"[\\\\\\\"out\\\\\\\"]\\\"";
            assertThat(json).contains(old).contains("\"conv2d_1\"");
            return json.replace(old, quoted.substring(1, quoted.length() - 1))
                    .replace("\"conv2d_1\"", "\"conv\\n    torch.save(x)\"");
        });
        try (ArchiveSnapshot archive = Programs.open(changed, "evil.pt2")) {
            assertThat(FileOperator.in(archive.torchScript())).isEmpty();
            assertThat(archive.torchScript().code("code/__torch__.py"))
                    .contains("{\"out\\\"}\\012    torch.save(x)\\303\\251\\\\\": ");
        }
    }

    /** As the outputs of Hugging Face's models. */
    @Test
    void classesWithNamedPartsCountAsDictionaries() {
        ValueTree tree = ValueTree.parse(
                "[1, {\"type\": \"mine.Output\", \"context\": \"[\\\"logits\\\"]\", \"children_spec\": [{\"type\": null}]}]",
                Map.of());
        assertThat(tree)
                .isEqualTo(new ValueTree(ValueTree.Kind.DICTIONARY, List.of("logits"), List.of(ValueTree.LEAF)));
        assertThatThrownBy(() -> ValueTree.parse(
                        "[1, {\"type\": \"mine.Output\", \"context\": null, \"children_spec\": [{\"type\": null}]}]",
                        Map.of()))
                .hasMessageContaining("a value of the class mine.Output");
    }

    @Test
    @Timeout(60)
    void mutatedProgramsGiveAResultOrTheirOwnError() {
        Random random = new Random(2026);
        for (String name : List.of("torch-2.15/branch.pt2", "torch-2.6/branch.pt2", "torch-2.8/unet.pt2")) {
            for (int round = 0; round < 150; round++) {
                byte[] changed = round % 2 == 0
                        ? mutated(Programs.bytes(name), random)
                        : Programs.withJson(
                                name,
                                json -> new String(
                                        mutated(json.getBytes(StandardCharsets.ISO_8859_1), random),
                                        StandardCharsets.ISO_8859_1));
                try (ArchiveSnapshot archive = Programs.open(changed, name)) {
                    archive.torchScript().normalizations();
                } catch (TorchScriptException expected) {
                    assertThat(expected.getMessage()).isNotBlank();
                }
            }
        }
    }

    private static byte[] mutated(byte[] bytes, Random random) {
        for (int i = 0; i < 1 + random.nextInt(6); i++) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
        }
        return bytes;
    }
}
