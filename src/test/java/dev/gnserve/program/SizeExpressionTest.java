package dev.gnserve.program;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.archive.TorchScriptException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SizeExpressionTest {

    private static final String S = "Symbol('s0', positive=True, integer=True)";
    private static final String T = "Symbol('s1', integer=True)";

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "S | s0 | s0",
                "Mul(Integer(4), S) | 4*s0 | torch.mul(4, s0)",
                "Add(Mul(Integer(2), S), Integer(-1)) | 2*s0 + -1 | torch.add(torch.mul(2, s0), -1)",
                "FloorDiv(Add(S, Integer(1)), Integer(2)) | (s0 + 1) // 2 | torch.floordiv(torch.add(s0, 1), 2)",
                "Mul(S, T) | s0*s1 | torch.mul(s0, s1)",
                "Max(Integer(1), S) | max(1, s0) | ops.prim.max(1, s0)",
                "Mod(S, Integer(8)) | s0 % 8 | torch.remainder(s0, 8)"
            })
    void readsWhatSymPyWrites(String srepr, String text, String script) {
        SizeExpression expression =
                SizeExpression.parse(srepr.replaceAll("\\bS\\b", S).replaceAll("\\bT\\b", T));
        assertThat(expression.text()).isEqualTo(text);
        assertThat(expression.script(Map.of("s0", "s0", "s1", "s1"))).isEqualTo(script);
    }

    @Test
    void findsMultiplesOfOneSymbol() {
        assertThat(SizeExpression.parse("Add(Integer(3), Mul(Integer(4), " + S + "))")
                        .linear())
                .isEqualTo(new SizeExpression.Linear("s0", 4, 3));
        assertThat(SizeExpression.parse("Mul(Integer(4), " + S + ", " + T + ")").linear())
                .isNull();
        assertThat(SizeExpression.parse("Mul(Integer(-1), " + S + ")").linear()).isNull();
        assertThat(SizeExpression.parse("FloorDiv(" + S + ", Integer(2))").linear())
                .isNull();
    }

    @Test
    void leavesOutWhatHasNoValue() {
        SizeExpression power = SizeExpression.parse("Pow(" + S + ", Integer(2))");
        assertThat(power.script(Map.of("s0", "s0"))).isNull();
        assertThat(power.text()).isEqualTo("s0**2");
        assertThat(SizeExpression.parse(S).script(Map.of())).isNull();
        SizeExpression scaled = SizeExpression.parse("TruncToInt(Mul(Float('0.5', precision=53), ToFloat(" + S + ")))");
        assertThat(scaled.script(Map.of("s0", "s0"))).isNull();
        assertThat(scaled.linear()).isNull();
        assertThat(scaled.text()).isEqualTo("trunctoint((float(0.5, 53))*(tofloat(s0)))");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "Mul(", "Symbol(s0)", "Integer(x)", "Mul(Integer(4) Integer(4))", "Integer(4))", "Mul(-)"})
    void refusesWhatIsNoExpression(String text) {
        assertThatThrownBy(() -> SizeExpression.parse(text)).isInstanceOf(TorchScriptException.class);
    }
}
