package dev.gnserve.archive;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * A TorchScript archive as data: its entries, module tree, parameters and code.
 *
 * <p>Opening reads the directory, the pickles and the code, whose sizes are bounded; tensors are read on demand. Immutable and
 * thread-safe: a change makes another archive that shares the unchanged entries. For a damaged archive every method throws
 * {@link TorchScriptException} and no other exception.
 */
public final class TorchScriptArchive {

    private static final int MAX_PICKLE_BYTES = 32 << 20;
    private static final int MAX_CODE_BYTES = 16 << 20;
    private static final int MAX_SMALL_BYTES = 1 << 16;
    private static final int MAX_EXTRA_BYTES = 4 << 20;

    /** The folder of further files: Python's {@code _extra_files}. */
    static final String EXTRA = "extra/";

    /** The earliest time in a zip: the same content always gives the same bytes. */
    private static final LocalDateTime NO_TIME = LocalDateTime.of(1980, 1, 1, 0, 0);

    /** The content of an entry: a part of the source, or bytes that replace it. */
    private sealed interface Content {
        long size();
    }

    private record Original(ByteSource source, ZipDirectory.Entry entry) implements Content {
        @Override
        public long size() {
            return entry.size();
        }
    }

    private static final class Replaced implements Content {
        private final byte[] bytes;

        Replaced(byte[] bytes) {
            this.bytes = bytes;
        }

        @Override
        public long size() {
            return bytes.length;
        }
    }

    /**
     * A tensor that a module owns.
     *
     * @param name path of the attribute: {@code stem.conv.weight}
     */
    public record Parameter(String name, StoredTensor tensor) {}

    /**
     * An entry whose checksum is wrong.
     *
     * @param entry name within the archive
     * @param parameters paths of the tensors in it
     */
    public record CorruptEntry(String entry, List<String> parameters) {}

    private final String root;
    private final Map<String, Content> entries;
    private final List<SourceFile> sources = new ArrayList<>();
    private final PickleReader.Content data;
    private final Map<String, Long> storages = new LinkedHashMap<>();
    private final List<@Nullable Object> constants;
    private final ModuleTree modules;

    private TorchScriptArchive(String root, Map<String, Content> entries) {
        this.root = root;
        this.entries = entries;
        String byteOrder = has("byteorder") ? text("byteorder", MAX_SMALL_BYTES).strip() : "little";
        if (!byteOrder.equals("little")) {
            throw new TorchScriptException("the archive's byte order is " + ZipDirectory.printable(byteOrder)
                    + ", allowed is little. Save it again on a little-endian machine");
        }
        long code = 0;
        for (Map.Entry<String, Content> entry : entries.entrySet()) {
            if (entry.getKey().startsWith("code/") && entry.getKey().endsWith(".py")) {
                code += entry.getValue().size();
                if (code > MAX_CODE_BYTES) {
                    throw new TorchScriptException(
                            "the archive has more than " + MAX_CODE_BYTES + " bytes of code, which is the limit");
                }
                sources.add(new SourceFile(entry.getKey(), text(entry.getKey(), MAX_CODE_BYTES)));
            }
        }
        data = PickleReader.read("data.pkl", "data", bytes("data.pkl", MAX_PICKLE_BYTES));
        if (!(data.value() instanceof PickledObject model)) {
            throw new TorchScriptException("data.pkl holds no module. Export the model with torch.jit.save");
        }
        PickleReader.Content tuple =
                PickleReader.read("constants.pkl", "constants", bytes("constants.pkl", MAX_PICKLE_BYTES));
        storages.putAll(data.storages());
        storages.putAll(tuple.storages());
        if (!(tuple.value() instanceof List<?> list)) {
            throw new TorchScriptException("constants.pkl holds no tuple. Export the model with torch.jit.save");
        }
        constants = new ArrayList<>(list);
        modules = ModuleTree.of(model);
    }

    public static TorchScriptArchive of(byte[] archive) {
        return of(ByteSource.of(archive));
    }

    static TorchScriptArchive of(ByteSource source) {
        List<ZipDirectory.Entry> directory = ZipDirectory.read(source);
        if (directory == null) {
            throw ForeignFormat.notZip(source);
        }
        Set<String> roots = new LinkedHashSet<>();
        Map<String, Content> entries = new LinkedHashMap<>();
        for (ZipDirectory.Entry entry : directory) {
            int slash = entry.name().indexOf('/');
            roots.add(slash < 0 ? "" : entry.name().substring(0, slash));
            entries.put(entry.name().substring(slash + 1), new Original(source, entry));
        }
        boolean complete = entries.containsKey("data.pkl")
                && entries.containsKey("constants.pkl")
                && entries.keySet().stream().anyMatch(name -> name.startsWith("code/") && name.endsWith(".py"));
        if (!complete) {
            throw ForeignFormat.zipOfSomethingElse(List.copyOf(entries.keySet()), roots);
        }
        if (roots.size() != 1 || roots.contains("")) {
            throw ZipDirectory.damaged("its entries are in " + roots.size() + " folders instead of one");
        }
        ArchiveStructure.requireNames(entries.keySet());
        for (Map.Entry<String, Content> entry : entries.entrySet()) {
            boolean read = entry.getKey().equals("data.pkl") || entry.getKey().equals("constants.pkl");
            // The engine reads the positions of code, too, when it tells where an error happened.
            boolean readLater =
                    entry.getKey().startsWith("code/") && entry.getKey().endsWith(".debug_pkl");
            if ((read || readLater) && entry.getValue() instanceof Original original) {
                PickleDepth.require(entry.getKey(), ZipDirectory.unchecked(source, original.entry(), MAX_PICKLE_BYTES));
            }
        }
        TorchScriptArchive archive = new TorchScriptArchive(roots.iterator().next(), entries);
        archive.storages.forEach((name, bytes) -> {
            Content storage = entries.get(name);
            ArchiveStructure.requireStorage(name, bytes, storage == null ? -1 : storage.size());
        });
        return archive;
    }

    /** How its code repeats: not at all, as often as a number says, or for as long as a condition holds. */
    public enum Loops {
        NONE,
        COUNTED,
        OPEN
    }

    /** The loops of its code that are hardest to foresee. */
    public Loops loops() {
        if (sources.stream().anyMatch(source -> source.hasWord("while"))) {
            return Loops.OPEN;
        }
        return sources.stream().anyMatch(source -> source.hasWord("for")) ? Loops.COUNTED : Loops.NONE;
    }

    /** Names of the entries, without the root folder, in the order of the archive. */
    public List<String> entries() {
        return List.copyOf(entries.keySet());
    }

    /** Names of the files of code. */
    public List<String> codeFiles() {
        return sources.stream().map(source -> source.entry).toList();
    }

    /** The text of a file of code. */
    public String code(String file) {
        return text(file, MAX_CODE_BYTES);
    }

    /** The text of a further file ({@code _extra_files} of {@code torch.jit.save}); null if there is none. */
    public @Nullable String extra(String name) {
        return has(EXTRA + name) ? text(EXTRA + name, MAX_EXTRA_BYTES) : null;
    }

    /** The archive's format version, from its entry {@code version}, or "unknown". */
    public String formatVersion() {
        if (!has("version")) {
            return "unknown";
        }
        return ZipDirectory.printable(text("version", MAX_SMALL_BYTES).strip());
    }

    /** How the archive was probably made: {@code traced}, {@code scripted} or {@code frozen}. */
    public String origin() {
        if (modules.instances().size() == 1 && parameters().isEmpty() && !constants.isEmpty()) {
            return "frozen";
        }
        return has("traced_inputs.pkl") ? "traced" : "scripted";
    }

    /** Class of the model: {@code UNet}. */
    public String modelClass() {
        return root().simpleName();
    }

    /** Calls of dropout in training mode: {@code torch.dropout in code/__torch__.py line 7}. */
    public List<String> trainingDropout() {
        return TrainingDropout.in(sources);
    }

    /** Whether torchvision's detectors made it: their transform resizes and normalizes images of 0 to 1 itself. */
    public boolean hasDetectorTransform() {
        return modules.instances().stream()
                .anyMatch(instance -> instance.object().className().endsWith(".GeneralizedRCNNTransform"));
    }

    /** The signature of {@code forward}; one tensor in and out if there is no such method. */
    public ForwardSignature forward() {
        SourceFile.Function forward = forwardFunction();
        return forward == null ? ForwardSignature.TENSOR : ForwardSignature.of(forward);
    }

    SourceFile.@Nullable Function forwardFunction() {
        return sources.stream()
                .flatMap(source -> source.classes.stream())
                .filter(type -> type.qualifiedName.equals(root().className()))
                .flatMap(type -> type.methods.stream())
                .filter(method -> method.name.equals("forward"))
                .findFirst()
                .orElse(null);
    }

    /** The tensors of all modules. A tensor with several paths is listed once, under the first. */
    public List<Parameter> parameters() {
        List<Parameter> parameters = new ArrayList<>();
        Set<StoredTensor> seen = new LinkedHashSet<>();
        for (ModuleTree.Instance instance : modules.instances()) {
            instance.object().attributes().forEach((name, value) -> {
                if (value instanceof StoredTensor tensor && seen.add(tensor)) {
                    parameters.add(new Parameter(instance.attributePath(name.toString()), tensor));
                }
            });
        }
        return parameters;
    }

    /** The floating-point types of the weights of convolutions; without any, of all tensors with two or more axes. */
    public List<TensorType> weightTypes() {
        List<TensorType> ofConvolutions = weightTypes(3);
        return ofConvolutions.isEmpty() ? weightTypes(2) : ofConvolutions;
    }

    /** A frozen archive has its weights among the constants. */
    private List<TensorType> weightTypes(int axes) {
        return Stream.concat(parameters().stream().map(Parameter::tensor), constants.stream())
                .filter(value -> value instanceof StoredTensor tensor
                        && tensor.shape().size() >= axes
                        && tensor.type().isFloatingPoint())
                .map(value -> ((StoredTensor) value).type())
                .distinct()
                .sorted()
                .toList();
    }

    /** Every normalization layer, in the order of the module tree. */
    public List<NormalizationLayer> normalizations() {
        return NormalizationCalls.of(this).layers();
    }

    /**
     * The values of a floating-point tensor as float32, row-major; float64 is rounded. As in the engine, checksums are not
     * checked; {@link #corruptEntries} does that.
     */
    public float[] floats(StoredTensor tensor) {
        TensorType type = tensor.type();
        if (!type.isFloatingPoint()) {
            throw new TorchScriptException("a tensor of type " + type + " cannot be read as float32");
        }
        long elements = tensor.elements();
        // With overlapping strides (an expanded tensor), a small file could need a large array.
        if (elements > Math.max(tensor.storageElements(), 1 << 20) || elements > Integer.MAX_VALUE / 8) {
            throw new TorchScriptException("a tensor of " + elements + " elements is too large to be read at once");
        }
        if (elements == 0) {
            return new float[0];
        }
        byte[] storage = storage(tensor.storage());
        if (storage.length < tensor.storageElements() * type.bytes()) {
            throw new TorchScriptException(tensor.storage() + " has " + storage.length
                    + " bytes, but data.pkl declares " + tensor.storageElements() + " elements of " + type.bytes()
                    + " bytes. The archive is damaged");
        }
        return StridedReader.floats(ByteBuffer.wrap(storage).order(ByteOrder.LITTLE_ENDIAN), tensor);
    }

    /** Finds the entries whose checksum is wrong. The engine does not check: it loads corrupt weights without a warning. */
    public List<CorruptEntry> corruptEntries() {
        List<CorruptEntry> corrupt = new ArrayList<>();
        entries.forEach((name, content) -> {
            if (content instanceof Original original
                    && checksum(original) != original.entry().crc()) {
                List<String> affected = parameters().stream()
                        .filter(parameter -> parameter.tensor().storage().equals(name))
                        .map(Parameter::name)
                        .toList();
                corrupt.add(new CorruptEntry(name, affected));
            }
        });
        return corrupt;
    }

    private static long checksum(Original original) {
        CRC32 crc = new CRC32();
        byte[] block = new byte[1 << 16];
        try (InputStream in = ZipDirectory.open(original.source(), original.entry())) {
            for (int n = in.read(block); n >= 0; n = in.read(block)) {
                crc.update(block, 0, n);
            }
        } catch (IOException e) {
            throw unreadable(original.entry().name(), e);
        }
        return crc.getValue();
    }

    /** Writes the archive as a zip. No entry is compressed, because libtorch requires that. */
    public void writeTo(OutputStream out) throws IOException {
        ZipOutputStream zip = new ZipOutputStream(out);
        zip.setMethod(ZipOutputStream.STORED);
        for (Map.Entry<String, Content> named : entries.entrySet()) {
            ZipEntry entry = new ZipEntry(root + "/" + named.getKey());
            Content content = named.getValue();
            entry.setSize(content.size());
            entry.setTimeLocal(NO_TIME);
            if (content instanceof Replaced replaced) {
                CRC32 crc = new CRC32();
                crc.update(replaced.bytes);
                entry.setCrc(crc.getValue());
                zip.putNextEntry(entry);
                zip.write(replaced.bytes);
            } else if (content instanceof Original original) {
                entry.setCrc(checksum(original));
                zip.putNextEntry(entry);
                try (InputStream in = ZipDirectory.open(original.source(), original.entry())) {
                    in.transferTo(zip);
                }
            }
            zip.closeEntry();
        }
        zip.finish();
    }

    /** The archive as a zip in memory; for archives below 2 GB. */
    public byte[] toByteArray() {
        long size = entries.values().stream().mapToLong(Content::size).sum();
        if (size > Integer.MAX_VALUE - (64 << 20)) {
            throw new TorchScriptException("an archive of " + size + " bytes is too large to be held in memory");
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream((int) size + (1 << 16));
        try {
            writeTo(out);
        } catch (IOException e) {
            throw new TorchScriptException("the archive cannot be written: " + e.getMessage(), e);
        }
        return out.toByteArray();
    }

    /**
     * A copy with some entries replaced or added. The source positions ({@code .debug_pkl}) of replaced code are dropped, because
     * they would be wrong.
     */
    TorchScriptArchive with(Map<String, byte[]> changed) {
        Map<String, Content> next = new LinkedHashMap<>(entries);
        changed.forEach((name, bytes) -> {
            next.put(name, new Replaced(bytes));
            next.remove(name + ".debug_pkl");
        });
        return new TorchScriptArchive(root, next);
    }

    PickledObject root() {
        return modules.root();
    }

    ModuleTree modules() {
        return modules;
    }

    List<SourceFile> sources() {
        return sources;
    }

    /** The highest memo number in data.pkl. */
    int highestMemo() {
        return data.highestMemo();
    }

    /** The constant {@code CONSTANTS.cN} of the code; null if there is none. */
    @Nullable
    Object constant(int number) {
        return number >= 0 && number < constants.size() ? constants.get(number) : null;
    }

    boolean has(String entry) {
        return entries.containsKey(entry);
    }

    /** The bytes of an entry, whose checksum is checked. */
    byte[] bytes(String name, int limit) {
        Content content = entries.get(name);
        if (content == null) {
            throw new TorchScriptException("the archive has no entry " + name + ": it is damaged");
        }
        if (content instanceof Original original) {
            return ZipDirectory.content(original.source(), original.entry(), limit);
        }
        return ((Replaced) content).bytes.clone();
    }

    private byte[] storage(String name) {
        if (entries.get(name) instanceof Original original) {
            return ZipDirectory.unchecked(original.source(), original.entry(), Integer.MAX_VALUE - 8);
        }
        return bytes(name, Integer.MAX_VALUE - 8);
    }

    private String text(String name, int limit) {
        return new String(bytes(name, limit), StandardCharsets.UTF_8);
    }

    private static TorchScriptException unreadable(String entry, IOException e) {
        return new TorchScriptException("the entry " + entry + " cannot be read: " + e.getMessage(), e);
    }
}
