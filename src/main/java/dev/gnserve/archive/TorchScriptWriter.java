package dev.gnserve.archive;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Writes a tree of modules as a TorchScript archive for libtorch and Python's {@code torch.jit.load}. Equal modules give equal
 * bytes.
 *
 * <p>An archive is a zip without compression: the source of the classes, the objects as a pickle, and the tensors.
 */
public final class TorchScriptWriter {

    /** Version of the format, which defines the operators. PyTorch reads it since 1.4. */
    private static final String VERSION = "3\n";

    private static final byte[] NO_CONSTANTS = {(byte) 0x80, 2, ')', '.'};
    private static final LocalDateTime EPOCH = LocalDateTime.of(1980, 1, 1, 0, 0);

    private final Map<String, String> classes = new LinkedHashMap<>();
    private final List<byte[]> tensors = new ArrayList<>();
    private final PickleWriter pickle = new PickleWriter();

    private TorchScriptWriter() {}

    /**
     * Writes an archive.
     *
     * @param name root folder within the archive
     * @throws IllegalArgumentException if two modules of one class differ in more than their values
     */
    public static void write(ScriptModule root, String name, Path file) throws IOException {
        try (OutputStream out = Files.newOutputStream(file)) {
            write(root, name, out);
        }
    }

    /** Writes an archive to a stream, which stays open. */
    public static void write(ScriptModule root, String name, OutputStream out) throws IOException {
        new TorchScriptWriter().writeArchive(root, name, out);
    }

    private void writeArchive(ScriptModule root, String name, OutputStream out) throws IOException {
        object(root);
        ZipOutputStream zip = new ZipOutputStream(out, StandardCharsets.UTF_8);
        store(zip, name + "/data.pkl", pickle.finish());
        store(zip, name + "/code/__torch__.py", ascii(String.join("", classes.values())));
        for (int i = 0; i < tensors.size(); i++) {
            store(zip, name + "/data/" + i, tensors.get(i));
        }
        store(zip, name + "/constants.pkl", NO_CONSTANTS);
        store(zip, name + "/version", ascii(VERSION));
        store(zip, name + "/byteorder", ascii("little"));
        zip.finish();
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static void store(ZipOutputStream zip, String name, byte[] bytes) throws IOException {
        CRC32 crc = new CRC32();
        crc.update(bytes);
        ZipEntry entry = new ZipEntry(name);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(bytes.length);
        entry.setCompressedSize(bytes.length);
        entry.setCrc(crc.getValue());
        entry.setTimeLocal(EPOCH); // So equal modules give equal bytes.
        zip.putNextEntry(entry);
        zip.write(bytes);
        zip.closeEntry();
    }

    /** Writes a module as a pickled object, and its class as source. */
    private void object(ScriptModule module) {
        if (pickle.recall(module)) {
            return;
        }
        declare(module);
        pickle.newObject("__torch__", module.className()).opcode('}').opcode('(');
        pickle.string("training").bool(false);
        module.attributes().forEach((name, attribute) -> {
            if (attribute instanceof ScriptModule.Parameter parameter) {
                pickle.string(name);
                tensor(parameter);
            } else if (attribute instanceof ScriptModule.Child child) {
                pickle.string(name);
                object(child.module());
            }
        });
        pickle.opcode('u').opcode('b').memoize(module);
    }

    private void tensor(ScriptModule.Parameter parameter) {
        String key = Integer.toString(tensors.size());
        int count = parameter.values.length;
        ByteBuffer bytes = ByteBuffer.allocate(count * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(parameter.values);
        tensors.add(bytes.array());

        pickle.global("torch._utils", "_rebuild_tensor_v2").opcode('(');
        pickle.opcode('(')
                .string("storage")
                .global("torch", "FloatStorage")
                .string(key)
                .string("cpu")
                .integer(count)
                .opcode('t')
                .opcode('Q');
        pickle.integer(0)
                .integers(parameter.shape)
                .integers(strides(parameter.shape))
                .bool(false);
        pickle.global("collections", "OrderedDict").opcode(')').opcode('R');
        pickle.opcode('t').opcode('R');
    }

    private static int[] strides(int[] shape) {
        int[] strides = new int[shape.length];
        int stride = 1;
        for (int i = shape.length - 1; i >= 0; i--) {
            strides[i] = stride;
            stride *= shape[i];
        }
        return strides;
    }

    private void declare(ScriptModule module) {
        String source = source(module);
        String known = classes.putIfAbsent(module.className(), source);
        if (known != null && !known.equals(source)) {
            throw new IllegalArgumentException(
                    "two modules of class " + module.className() + " differ:\n" + known + "and\n" + source);
        }
    }

    private static String source(ScriptModule module) {
        StringBuilder parameters = new StringBuilder();
        StringBuilder text = new StringBuilder();
        module.attributes().forEach((name, attribute) -> {
            if (attribute instanceof ScriptModule.Parameter) {
                parameters.append("\"%s\", ".formatted(name));
                text.append("  %s : Tensor\n".formatted(name));
            } else if (attribute instanceof ScriptModule.Constant constant) {
                text.append("  %s : Final[%s] = %s\n".formatted(name, constant.type(), constant.literal()));
            } else if (attribute instanceof ScriptModule.Child child) {
                String left = Character.isDigit(name.charAt(0)) ? "__annotations__[\"" + name + "\"] =" : name + " :";
                text.append("  %s __torch__.%s\n".formatted(left, child.module().className()));
            }
        });
        for (ScriptMethod method : module.methods()) {
            String arguments = method.arguments().isEmpty() ? "" : ", " + method.arguments();
            text.append("  def %s(self: __torch__.%s%s) -> %s:\n"
                    .formatted(method.name(), module.className(), arguments, method.returns()));
            method.body().forEach(line -> text.append("    ").append(line).append('\n'));
        }
        return """
                class %s(Module):
                  __parameters__ = [%s]
                  __buffers__ = []
                  training : bool
                """.formatted(module.className(), parameters) + text;
    }

    /** A floating-point literal that reads back as the same double. */
    static String literal(double value) {
        if (!Double.isFinite(value)) {
            throw new IllegalArgumentException(value + " cannot be written as a literal");
        }
        return Double.toString(value).replace("E", "e");
    }
}
