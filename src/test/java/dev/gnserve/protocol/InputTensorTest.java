package dev.gnserve.protocol;

import static dev.gnserve.protocol.RequestBodyTest.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.RawTensor;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Input tensors: which ones are accepted, and that JSON and binary data give the same values. */
class InputTensorTest {

    private static final String ONE_ITEM = "[1, 2, 2, 2]";

    /** Every type at the ends of its range, written as JSON and as the bytes that the extension describes. */
    @ParameterizedTest
    @EnumSource(ElementType.class)
    void jsonAndBinaryDataGiveTheSameBits(ElementType type) {
        List<String> json = switch (type) {
            case BOOL -> List.of("true", "false", "true", "true", "false", "false", "true", "false");
            case UINT8 -> List.of("0", "1", "127", "128", "255", "2", "3", "4");
            case INT8 -> List.of("0", "1", "127", "-128", "-1", "2", "3", "4");
            case INT32 -> List.of("0", "1", "2147483647", "-2147483648", "-1", "2", "3", "4");
            case INT64 -> List.of("0", "1", "9223372036854775807", "-9223372036854775808", "-1", "2", "3", "4");
            case FP16 -> List.of("0.5", "-0.0", "65504", "6e-8", "1", "-2.25", "3e0", "1e-3");
            case FP32 -> List.of("0.1", "-0.0", "3.4028235e38", "1.4e-45", "1", "-2.25", "3e0", "16777217");
            case FP64 -> List.of("0.1", "-0.0", "1.7976931348623157e308", "4.9e-324", "1", "-2", "3", "4");
        };
        ByteBuffer bytes = ByteBuffer.allocate(8 * type.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        BiConsumer<ByteBuffer, String> write = switch (type) {
            case BOOL -> (out, value) -> out.put((byte) (value.equals("true") ? 1 : 0));
            case UINT8, INT8 -> (out, value) -> out.put((byte) Integer.parseInt(value));
            case INT32 -> (out, value) -> out.putInt(Integer.parseInt(value));
            case INT64 -> (out, value) -> out.putLong(Long.parseLong(value));
            case FP16 -> (out, value) -> out.putShort(HALVES[json.indexOf(value)]);
            case FP32 -> (out, value) -> out.putFloat(Float.parseFloat(value));
            case FP64 -> (out, value) -> out.putDouble(Double.parseDouble(value));
        };
        json.forEach(value -> write.accept(bytes, value));

        Tensor fromJson = item(Requests.input(type.name(), ONE_ITEM, json.toString()));
        Tensor fromBytes = item(Requests.binary(type.name(), ONE_ITEM, bytes.array()));

        assertThat(fromJson.type()).isEqualTo(type);
        assertThat(fromJson.shape()).isEqualTo(TensorShape.of(2, 2, 2));
        assertThat(bits(fromJson)).isEqualTo(bytes.array());
        assertThat(bits(fromBytes)).isEqualTo(bytes.array());
    }

    /** numpy.float16 of the values above. */
    private static final short[] HALVES = {
        0x3800, (short) 0x8000, 0x7bff, 0x0001, 0x3c00, (short) 0xc080, 0x4200, 0x1419
    };

    @Test
    void aBatchIsSplitAlongItsFirstAxis() {
        String data = IntStream.range(0, 24).mapToObj(Integer::toString).collect(Collectors.joining(",", "[", "]"));
        String nested =
                "[[[[0,1],[2,3]],[[4,5],[6,7]]],[[[8,9],[10,11]],[[12,13],[14,15]]],[[[16,17],[18,19]],[[20,21],[22,23]]]]";

        for (String json : List.of(data, nested)) {
            InputTensor input = InputTensor.of(Requests.input("FP32", "[3, 2, 2, 2]", json), Requests.MODEL);
            assertThat(input.size()).isEqualTo(3);
            assertThat(input.item(0).floats()).containsExactly(0, 1, 2, 3, 4, 5, 6, 7);
            assertThat(input.item(2).floats()).containsExactly(16, 17, 18, 19, 20, 21, 22, 23);
        }
        byte[] bytes = new byte[24];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) i;
        }
        InputTensor binary = InputTensor.of(Requests.binary("UINT8", "[3, 2, 2, 2]", bytes), Requests.MODEL);
        assertThat(binary.item(1).floats()).containsExactly(8, 9, 10, 11, 12, 13, 14, 15);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[]", // a scalar
                "[8]",
                "[2, 2, 2]", // no batch
                "[1, 2, 2, 2, 1]",
                "[0, 2, 2, 2]", // empty
                "[1, 2, 0, 2]",
                "[1, 2, -1, -1]",
                "[1, 3, 2, 2]", // other channels
                "[1, 2, 3, 2]", // a side that is not a multiple
                "[1, 2, 4294967296, 2]",
                "[1, 2, 2147483646, 2147483646]",
                "[9223372036854775807, 2, 9223372036854775806, 9223372036854775806]",
                "[65536, 2, 65536, 65536]", // 2^49
                "[null, 2, 2, 2]"
            })
    void aShapeThatTheModelDoesNotTakeIsRefused(String shape) {
        assertRefused(() -> item(Requests.input("FP32", shape, "[1,2,3,4,5,6,7,8]")), "");
        assertRefused(() -> item(Requests.binary("FP32", shape, new byte[32])), "");
    }

    /** 2^31 - 4 float32 would be 8 GiB. The length of the data alone shows that they are missing. */
    @Test
    void aShapeWithoutDataAllocatesNoMemory() {
        assertRefused(() -> item(Requests.input("FP32", "[1, 2, 32766, 32766]", "[1]")), "Its data have fewer");
        assertRefused(() -> item(Requests.binary("FP32", "[1, 2, 32766, 32766]", new byte[4])), ", not 4");
    }

    @ParameterizedTest
    @ValueSource(strings = {"BF16", "INT16", "UINT16", "UINT32", "UINT64", "BYTES", "fp32", "float", ""})
    void aTypeThatTheModelDoesNotTakeIsRefusedWithTheAllowedTypes(String type) {
        assertRefused(() -> item(Requests.input(type, ONE_ITEM, "[1,2,3,4,5,6,7,8]")), "The model takes [BOOL, UINT8");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "FP32 | [1,2,3,4,5,6,7] | fewer",
                "FP32 | [1,2,3,4,5,6,7,8,9] | more",
                "FP32 | [] | fewer",
                "FP32 | [[[[1,2],[3,4]],[[5,6],[7,8]]],[]] | the nesting of its data",
                "FP32 | [[[[1,2],[3,4]],[[5,6],[7]]],1] | nest",
                "FP32 | [[[[1,2,3],[4]],[[5,6],[7,8]]]] | nest",
                "FP32 | [[1,2,3,4,5,6,7,8]] | the nesting of its data",
                "FP32 | [[[[[1,2],[3,4]],[[5,6],[7,8]]]]] | nesting",
                "FP32 | [1,2,3,4,5,6,7,\"8\"] | value 7 is not a number, but a string",
                "FP32 | [1,2,3,4,5,6,7,null] | not a number, but null",
                "FP32 | [1,2,3,4,5,6,7,true] | not a number",
                "FP32 | [1,2,3,4,5,6,7,1e39] | value 7 is 1e39, which FP32 cannot hold",
                "FP64 | [1,2,3,4,5,6,7,1e999] | cannot hold",
                "FP16 | [1,2,3,4,5,6,7,65520] | cannot hold",
                "BOOL | [1,0,1,0,1,0,1,0] | true or false",
                "UINT8 | [1,2,3,4,5,6,7,256] | cannot hold",
                "UINT8 | [1,2,3,4,5,6,7,-1] | cannot hold",
                "INT8 | [1,2,3,4,5,6,7,128] | cannot hold",
                "INT32 | [1,2,3,4,5,6,7,2147483648] | cannot hold",
                "INT64 | [1,2,3,4,5,6,7,9223372036854775808] | cannot hold",
                "INT64 | [1,2,3,4,5,6,7,1e3] | whole number",
                "INT8 | [1,2,3,4,5,6,7,1.0] | whole number"
            })
    void dataThatDoNotFitTheTensorAreRefused(String type, String data, String message) {
        assertRefused(() -> item(Requests.input(type, ONE_ITEM, data)), message);
    }

    @Test
    void binaryDataHaveTheSizeOfTheTensor() {
        assertRefused(
                () -> item(Requests.binary("FP32", ONE_ITEM, new byte[31])), "needs a binary_data_size of 32, not 31");
        assertRefused(
                () -> item(Requests.binary("FP16", ONE_ITEM, new byte[32])), "needs a binary_data_size of 16, not 32");
        assertRefused(
                () -> item(Requests.binary("BOOL", ONE_ITEM, new byte[] {0, 1, 0, 1, 0, 1, 0, 2})), "A BOOL is 0 or 1");
    }

    @Test
    void oneInputOfTheRightNameIsNeededWithOneKindOfData() {
        String input = "{\"name\": \"%s\", \"shape\": [1, 2, 2, 2], \"datatype\": \"FP32\"%s}";
        String data = ", \"data\": [1,2,3,4,5,6,7,8]";

        assertRefused(() -> item(Requests.json("{\"inputs\": []}")), "0 inputs");
        assertRefused(
                () -> item(Requests.json("{\"inputs\": [%1$s, %1$s]}".formatted(input.formatted("input", data)))),
                "2 inputs");
        assertRefused(
                () -> item(Requests.json("{\"inputs\": [" + input.formatted("x", data) + "]}")), "no input \"x\"");
        assertRefused(() -> item(Requests.json("{\"inputs\": [null]}")), "one of them is null");
        assertRefused(() -> item(Requests.json("{\"inputs\": [" + input.formatted("input", "") + "]}")), "either data");
        assertRefused(
                () -> item(Requests.withBinary(
                        "{\"inputs\": ["
                                + input.formatted("input", data + ", \"parameters\": {\"binary_data_size\": 32}")
                                + "]}",
                        new byte[32],
                        null)),
                "either data");
    }

    private static Tensor item(RequestBody body) {
        return InputTensor.of(body, Requests.MODEL).item(0);
    }

    private static byte[] bits(Tensor tensor) {
        if (tensor instanceof RawTensor raw) {
            return raw.values();
        }
        ByteBuffer bytes = ByteBuffer.allocate(4 * tensor.shape().elements()).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(tensor.floats());
        return bytes.array();
    }
}
