package dev.gnserve.archive;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipOutputStream;

/**
 * Writes a tree of modules as a TorchScript archive for libtorch and Python's {@code torch.jit.load}. Equal modules give equal
 * bytes.
 *
 * <p>An archive is a zip without compression: the source of the classes, the objects as a pickle, and the tensors.
 */
public final class TorchScriptWriter {

    /** Version of the format, which defines the operators. PyTorch reads it since 1.4. */
    private static final int VERSION = 3;

    /** The version that PyTorch 1.12 to 2.7 and later write. With an older one, some operators compute what they computed then. */
    public static final int CURRENT_VERSION = 10;

    private static final byte[] NO_CONSTANTS = {(byte) 0x80, 2, ')', '.'};
    private static final LocalDateTime EPOCH = LocalDateTime.of(1980, 1, 1, 0, 0);

    private final Map<String, String> classes = new LinkedHashMap<>();
    private final List<Storage> storages = new ArrayList<>();
    private final Map<Shared, String> shared = new HashMap<>();
    private final PickleWriter pickle = new PickleWriter();

    private TorchScriptWriter() {}

    /** The elements of tensors. */
    private record Storage(long size, long checksum, Content content) {

        static Storage of(byte[] bytes) {
            CRC32 crc = new CRC32();
            crc.update(bytes);
            return new Storage(bytes.length, crc.getValue(), out -> out.write(bytes));
        }

        static Storage of(ZipFolder folder, String name) {
            return new Storage(folder.size(name), folder.checksum(name), out -> {
                try (InputStream in = folder.open(name)) {
                    in.transferTo(out);
                }
            });
        }
    }

    @FunctionalInterface
    private interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    /** A file of another archive, whose elements several tensors share. */
    private record Shared(ZipFolder folder, String file, TensorType type) {}

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
        new TorchScriptWriter().writeArchive(root, name, VERSION, Map.of(), out);
    }

    /**
     * Writes an archive to a stream, which stays open.
     *
     * @param version of the format: what the operators in the methods mean
     * @param extra further files by their names, which {@link TorchScriptArchive#extra} and Python's {@code _extra_files} read
     * @throws TorchScriptException if the elements of a tensor do not have the checksum that their archive declares
     */
    public static void write(ScriptModule root, String name, int version, Map<String, String> extra, OutputStream out)
            throws IOException {
        new TorchScriptWriter().writeArchive(root, name, version, extra, out);
    }

    private void writeArchive(ScriptModule root, String name, int version, Map<String, String> extra, OutputStream out)
            throws IOException {
        object(root);
        ZipOutputStream zip = new ZipOutputStream(out, StandardCharsets.UTF_8);
        store(zip, name + "/data.pkl", pickle.finish());
        store(zip, name + "/code/__torch__.py", utf8(String.join("", classes.values())));
        for (int i = 0; i < storages.size(); i++) {
            store(zip, name + "/data/" + i, storages.get(i));
        }
        store(zip, name + "/constants.pkl", NO_CONSTANTS);
        store(zip, name + "/version", utf8(version + "\n"));
        store(zip, name + "/byteorder", utf8("little"));
        for (Map.Entry<String, String> file : extra.entrySet()) {
            store(zip, name + "/" + TorchScriptArchive.EXTRA + file.getKey(), utf8(file.getValue()));
        }
        zip.finish();
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static void store(ZipOutputStream zip, String name, byte[] bytes) throws IOException {
        store(zip, name, Storage.of(bytes));
    }

    private static void store(ZipOutputStream zip, String name, Storage storage) throws IOException {
        ZipEntry entry = new ZipEntry(name);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(storage.size());
        entry.setCompressedSize(storage.size());
        entry.setCrc(storage.checksum());
        entry.setTimeLocal(EPOCH); // So equal modules give equal bytes.
        zip.putNextEntry(entry);
        storage.content().writeTo(zip);
        try {
            zip.closeEntry();
        } catch (ZipException e) { // What was written does not have the checksum.
            throw new TorchScriptException(
                    "the weights fail their checksum: the archive is corrupt. Copy or export the file again", e);
        }
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
            } else if (attribute instanceof ScriptModule.Stored stored) {
                pickle.string(name);
                tensor(stored.saved());
            } else if (attribute instanceof ScriptModule.Child child) {
                pickle.string(name);
                object(child.module());
            }
        });
        pickle.opcode('u').opcode('b').memoize(module);
    }

    private void tensor(ScriptModule.Parameter parameter) {
        int count = parameter.values.length;
        ByteBuffer bytes = ByteBuffer.allocate(count * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(parameter.values);
        String key = add(Storage.of(bytes.array()));
        List<Long> shape = Arrays.stream(parameter.shape).asLongStream().boxed().toList();
        tensor(key, new StoredTensor(TensorType.FLOAT32, shape, strides(parameter.shape), key, count, 0));
    }

    private void tensor(SavedTensor saved) {
        StoredTensor tensor = saved.tensor();
        String key = shared.computeIfAbsent(
                new Shared(saved.folder(), tensor.storage(), tensor.type()),
                file -> add(Storage.of(file.folder(), file.file())));
        tensor(key, tensor);
    }

    private String add(Storage storage) {
        storages.add(storage);
        return Integer.toString(storages.size() - 1);
    }

    private void tensor(String key, StoredTensor tensor) {
        pickle.global("torch._utils", "_rebuild_tensor_v2").opcode('(');
        pickle.opcode('(')
                .string("storage")
                .global("torch", tensor.type().storageClass())
                .string(key)
                .string("cpu")
                .integer(tensor.storageElements())
                .opcode('t')
                .opcode('Q');
        pickle.integer(tensor.offset())
                .integers(tensor.shape())
                .integers(tensor.stride())
                .bool(false);
        pickle.global("collections", "OrderedDict").opcode(')').opcode('R');
        pickle.opcode('t').opcode('R');
    }

    private static List<Long> strides(int[] shape) {
        Long[] strides = new Long[shape.length];
        long stride = 1;
        for (int i = shape.length - 1; i >= 0; i--) {
            strides[i] = stride;
            stride *= shape[i];
        }
        return List.of(strides);
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
        StringBuilder buffers = new StringBuilder();
        StringBuilder text = new StringBuilder();
        module.attributes().forEach((name, attribute) -> {
            if (attribute instanceof ScriptModule.Constant constant) {
                text.append("  %s : Final[%s] = %s\n".formatted(name, constant.type(), constant.literal()));
                return;
            }
            String type = "Tensor";
            if (attribute instanceof ScriptModule.Child child) {
                type = "__torch__." + child.module().className();
            } else {
                boolean buffer = attribute instanceof ScriptModule.Stored stored && !stored.parameter();
                (buffer ? buffers : parameters).append("\"%s\", ".formatted(name));
            }
            String left = ScriptWords.isName(name) ? name + " :" : "__annotations__[\"" + name + "\"] =";
            text.append("  %s %s\n".formatted(left, type));
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
                  __buffers__ = [%s]
                  training : bool
                """.formatted(module.className(), parameters, buffers) + text;
    }
}
