package dev.gnserve.archive;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FileOperatorTest {

    private static final String FILE = "code/__torch__/torch/nn/functional.py";

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "torch.save([x], 'a')                                   | aten::save",
                "y = torch.from_file('a', False, 2, dtype=0)            | aten::from_file",
                "ops.aten.save([x], 'a')                                | aten::save",
                "ops.aten.from_file('a', False, 2)                      | aten::from_file",
                "torch.autograd.save([x], 'a')                          | aten::save",
                "torch . save([x], 'a')                                 | aten::save",
                "torch .save([x], 'a')                                  | aten::save",
                "f = torch.save                                         | aten::save",
                "t = torch                                              | torch by another name",
                "t = torch.autograd                                     | torch.autograd by another name",
                "(torch).save([x], 'a')                                 | torch by another name",
                "o = ops.aten                                           | ops.aten by another name",
                "(ops).aten.save([x], 'a')                              | ops by another name",
                "getattr(x, 'save')([x], 'a')                           | getattr of an operator",
                "getattr(x, 's\\x61ve')([x], 'a')                       | getattr of an operator",
                "ops.c10d.barrier(x)                                    | c10d::barrier",
                "p = __torch__.torch.classes.c10d.ProcessGroup(0, 1)    | torch.classes.c10d.ProcessGroup",
                "y = 0x1e+torch.from_file('a')                          | a number that is none",
                "y = \"\"\"a\"\"\"                                      | a text in three quotes",
            })
    void anOperatorThatReadsOrWritesFilesIsFoundHoweverItIsSpelled(String line, String operator) {
        assertThat(in("  a = 1\n  " + line + "\n"))
                .contains(new FileOperator(operator, FILE, 3))
                .allMatch(found -> found.line() == 3);
    }

    @Test
    void aNameMayGoOnInTheNextLine() {
        assertThat(in("  torch.\\\n    save([x], 'a')\n"))
                .extracting(FileOperator::operator)
                .contains("aten::save");
    }

    /** libtorch runs default values when it reads a function. */
    @Test
    void parametersAndAttributesAreCodeToo() {
        assertThat(in("  pass\ndef g(y: Tensor=torch.from_file('a')) -> Tensor:\n  return y\n"))
                .containsExactly(new FileOperator("aten::from_file", FILE, 3));
        assertThat(in("  pass\nclass A(Module):\n  a : Final[Tensor] = torch.from_file('a')\n"))
                .containsExactly(new FileOperator("aten::from_file", FILE, 4));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "torch.add(x, x)",
                "save = x",
                "(x).save(x)",
                "self.ops = x",
                "ops : Tensor = x",
                "f(torch=x, ops=x)",
                "a = 'torch.save'",
                "a = x # torch.save(x)",
                "getattr(x, \"0\")",
                "ops.prim.RaiseException(\"torch.save\")",
                "a = [1, 1., 1.0000000000000001e-05, 1e+20, 2j]",
                "a = __torch__.torch.nn.functional.save(x)",
            })
    void otherNamesAreNone(String line) {
        assertThat(in("  " + line + "\n")).isEmpty();
    }

    @Test
    void archivesOfPyTorchHaveNone() throws IOException {
        List<Path> archives;
        try (Stream<Path> files = Files.walk(Path.of("src"))) {
            archives = files.filter(file -> file.toString().endsWith(".pt"))
                    .filter(file -> !file.toString().contains("hostile"))
                    .toList();
        }
        assertThat(archives)
                .hasSizeGreaterThan(30)
                .allSatisfy(file -> assertThat(FileOperator.in(TorchScriptArchive.of(Files.readAllBytes(file))))
                        .isEmpty());
    }

    private static List<FileOperator> in(String body) {
        String code = "def group_norm(x: Tensor) -> Tensor:\n" + body;
        TorchScriptArchive archive = Samples.archive("functional-scripted");
        return FileOperator.in(archive.with(Map.of(FILE, code.getBytes(StandardCharsets.UTF_8))));
    }
}
