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
 * Writes a tree of modules as a TorchScript archive, which libtorch loads and {@code torch.jit.load} of Python too. Equal modules give equal bytes.
 *
 * <p>An archive is a zip of stored entries: source of the classes, the tree of objects as a pickle, and the raw tensors it refers to.
 */
public final class TorchScriptWriter {

    /** Operators are those of this version of the format, which PyTorch reads since 1.4. */
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
     * @param name root folder inside of the archive
     * @throws IllegalArgumentException when two modules of one class differ in more than their values
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
        // The clock stays out of it: equal modules, equal bytes.
        entry.setTimeLocal(EPOCH);
        zip.putNextEntry(entry);
        zip.write(bytes);
        zip.closeEntry();
    }

    /** Writes a module as a pickled object, its class as source. */
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
        StringBuilder text = new StringBuilder();
        List<String> parameters = new ArrayList<>();
        StringBuilder declarations = new StringBuilder();
        for (Map.Entry<String, ScriptModule.Attribute> entry :
                module.attributes().entrySet()) {
            String name = entry.getKey();
            ScriptModule.Attribute attribute = entry.getValue();
            if (attribute instanceof ScriptModule.Parameter) {
                parameters.add('"' + name + "\", ");
                declarations.append("  ").append(name).append(" : Tensor\n");
            } else if (attribute instanceof ScriptModule.Constant constant) {
                declarations
                        .append("  ")
                        .append(name)
                        .append(" : Final[")
                        .append(constant.type())
                        .append("] = ");
                declarations.append(constant.literal()).append('\n');
            } else if (attribute instanceof ScriptModule.Child child) {
                String type = "__torch__." + child.module().className();
                if (Character.isDigit(name.charAt(0))) {
                    declarations
                            .append("  __annotations__[\"")
                            .append(name)
                            .append("\"] = ")
                            .append(type);
                } else {
                    declarations.append("  ").append(name).append(" : ").append(type);
                }
                declarations.append('\n');
            }
        }
        text.append("class ").append(module.className()).append("(Module):\n");
        text.append("  __parameters__ = [").append(String.join("", parameters)).append("]\n");
        text.append("  __buffers__ = []\n");
        text.append("  training : bool\n");
        text.append(declarations);
        for (ScriptMethod method : module.methods()) {
            text.append("  def ")
                    .append(method.name())
                    .append("(self: __torch__.")
                    .append(module.className());
            if (!method.arguments().isEmpty()) {
                text.append(", ").append(method.arguments());
            }
            text.append(") -> ").append(method.returns()).append(":\n");
            for (String line : method.body()) {
                text.append("    ").append(line).append('\n');
            }
        }
        return text.toString();
    }

    /** A floating-point literal that reads back as the same double. */
    static String literal(double value) {
        if (!Double.isFinite(value)) {
            throw new IllegalArgumentException(value + " has no literal");
        }
        return Double.toString(value).replace("E", "e");
    }
}
