package dev.gnserve.archive;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads the pickles of a TorchScript archive as data and runs none of their code.
 *
 * <p>A pickle is a program. This reader runs only the opcodes that libtorch's pickler writes. It accepts only the functions of
 * {@link #REDUCERS} and {@link #OPAQUE_REDUCERS}, storage classes and {@code __torch__} classes. {@link #MAX_OPERATIONS} and
 * the length of the pickle bound its time and memory. It also records the byte positions that rewriting needs, which no pickle
 * library reports (docs/decisions/0003-own-pickle-reader.md).
 *
 * <p>Values: None is null, a number is a Long or Double, a list or tuple is a List, a tensor is a {@link StoredTensor}, an
 * instance is a {@link PickledObject}. A value that is not needed here (a device, an enum) is {@link #OPAQUE}.
 */
final class PickleReader {

    /** A value that is not needed here. */
    static final Object OPAQUE = new Object() {
        @Override
        public String toString() {
            return "opaque";
        }
    };

    private static final int MAX_OPERATIONS = 4_000_000;
    private static final int MAX_RANK = 64;

    /** A number; in archives for the interpreter of mobile devices, with an ending: {@code 0.storage}. */
    private static final Pattern STORAGE_KEY = Pattern.compile("\\w+(\\.\\w+)?");

    private static final String REBUILD_TENSOR = "torch._utils._rebuild_tensor_v2";
    private static final String RESTORE_TYPE_TAG = "torch.jit._pickle.restore_type_tag";

    /** Functions that return their first argument. */
    private static final Set<String> REDUCERS = Set.of(
            "torch.jit._pickle.build_intlist",
            "torch.jit._pickle.build_tensorlist",
            "torch.jit._pickle.build_doublelist",
            "torch.jit._pickle.build_boollist");

    /** Functions that {@code torch.save} writes in addition, and that return their first argument. */
    private static final Set<String> CHECKPOINT_REDUCERS =
            Set.of("torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state");

    /** A tensor with attributes: function, class, arguments of the function, attributes. */
    private static final String REBUILD_FROM_TYPE = "torch._tensor._rebuild_from_type_v2";

    private static final Set<String> TENSOR_CLASSES = Set.of("torch.Tensor", "torch.nn.parameter.Parameter");

    private static final String ORDERED_DICT = "collections.OrderedDict";

    private static final Set<String> OPAQUE_REDUCERS = Set.of(
            "collections.OrderedDict",
            "torch._utils._rebuild_qtensor",
            "torch._utils._rebuild_sparse_tensor",
            "torch._utils._rebuild_meta_tensor_no_storage",
            "torch.per_tensor_affine",
            "torch.per_channel_affine",
            "torch.device",
            "torch.Generator",
            "torch.serialization._get_layout",
            "builtins.complex");

    /** A mark on the stack, with the position of the next byte. */
    private record Mark(int next) {}

    /** A class or function by its name; nothing is loaded. */
    private record Global(String name) {}

    private record Storage(TensorType type, String key, long elements) {}

    private final String entry;
    private final String storageFolder;
    private final boolean checkpoint;
    private final ByteBuffer in;
    private final List<@Nullable Object> stack = new ArrayList<>();
    private final Map<Integer, @Nullable Object> memo = new HashMap<>();
    private final Map<String, Long> storages = new LinkedHashMap<>();
    private int highestMemo = -1;
    private int operations;

    private PickleReader(String entry, String storageFolder, boolean checkpoint, byte[] pickle) {
        this.entry = entry;
        this.storageFolder = storageFolder;
        this.checkpoint = checkpoint;
        this.in = ByteBuffer.wrap(pickle).order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * The content of a pickle.
     *
     * @param value the pickled value
     * @param highestMemo highest memo number in use, or -1
     * @param storages how many bytes the tensors expect of each entry that holds their elements
     */
    record Content(@Nullable Object value, int highestMemo, Map<String, Long> storages) {}

    /**
     * @param entry name of the entry, for messages
     * @param storageFolder folder of the storages that tensors refer to, {@code data} or {@code constants}
     */
    static Content read(String entry, String storageFolder, byte[] pickle) {
        return read(new PickleReader(entry, storageFolder, false, pickle));
    }

    /** As {@link #read}, for what {@code torch.save} writes; an ordered dict is a {@link PickledDict}. */
    static Content checkpoint(String entry, String storageFolder, byte[] pickle) {
        return read(new PickleReader(entry, storageFolder, true, pickle));
    }

    private static Content read(PickleReader reader) {
        try {
            Object value = reader.run();
            return new Content(value, reader.highestMemo, reader.storages);
        } catch (BufferUnderflowException | IndexOutOfBoundsException e) {
            throw reader.damaged("it ends too early");
        }
    }

    private @Nullable Object run() {
        while (true) {
            if (++operations > MAX_OPERATIONS) {
                throw damaged("it has more than " + MAX_OPERATIONS + " operations");
            }
            int opcode = in.get() & 0xff;
            switch (opcode) {
                case 0x80 -> protocol();
                case '.' -> {
                    return pop();
                }
                case '(' -> stack.add(new Mark(in.position()));
                case ')' -> stack.add(List.of());
                case ']' -> stack.add(new ArrayList<@Nullable Object>());
                case '}' -> stack.add(new PickledDict());
                case 't' -> stack.add(tuple(items()));
                case 0x85 -> stack.add(tuple(last(1)));
                case 0x86 -> stack.add(tuple(last(2)));
                case 0x87 -> stack.add(tuple(last(3)));
                case 'a' -> append(last(1));
                case 'e' -> append(items());
                case 's' -> setItems(last(2));
                case 'u' -> setItems();
                case 'N' -> stack.add(null);
                case 0x88 -> stack.add(true);
                case 0x89 -> stack.add(false);
                case 'K' -> stack.add((long) (in.get() & 0xff));
                case 'M' -> stack.add((long) (in.getShort() & 0xffff));
                case 'J' -> stack.add((long) in.getInt());
                case 0x8a -> stack.add(longInteger(in.get() & 0xff));
                case 'G' -> stack.add(bigEndianDouble());
                case 'X' -> stack.add(text(in.getInt()));
                case 'U' -> stack.add(text(in.get() & 0xff));
                case 'T' -> stack.add(text(in.getInt()));
                case 'c' -> stack.add(global(line(), line()));
                case 'R' -> reduce();
                case 0x81 -> newObject();
                case 'b' -> build();
                case 'Q' -> stack.add(persistent(pop()));
                case 'q' -> memoize(in.get() & 0xff);
                case 'r' -> memoize(in.getInt());
                case 'h' -> recall(in.get() & 0xff);
                case 'j' -> recall(in.getInt());
                default -> throw damaged(String.format("it has opcode 0x%02x, which libtorch never writes", opcode));
            }
        }
    }

    private void protocol() {
        int protocol = in.get() & 0xff;
        if (protocol < 2 || protocol > 4) {
            throw damaged("it is of pickle protocol " + protocol);
        }
    }

    private @Nullable Object longInteger(int length) {
        if (length > 8) {
            throw damaged("it holds an integer of " + length + " bytes");
        }
        long value = 0;
        for (int i = 0; i < length; i++) {
            value |= (in.get() & 0xffL) << (8 * i);
        }
        int unused = 64 - 8 * length;
        return length == 0 ? 0L : value << unused >> unused;
    }

    private double bigEndianDouble() {
        return Double.longBitsToDouble(Long.reverseBytes(in.getLong()));
    }

    private String text(int length) {
        if (length < 0 || length > in.remaining()) {
            throw damaged("it claims a text of " + (length & 0xffffffffL) + " bytes and has " + in.remaining()
                    + " bytes left");
        }
        String text = new String(in.array(), in.position(), length, StandardCharsets.UTF_8);
        in.position(in.position() + length);
        return text;
    }

    private String line() {
        int start = in.position();
        while (in.get() != '\n') {
            if (in.position() - start > 1000) {
                throw damaged("it has a name of more than 1000 characters");
            }
        }
        return new String(in.array(), start, in.position() - start - 1, StandardCharsets.UTF_8);
    }

    private Global global(String module, String name) {
        String qualified = module + "." + name;
        boolean allowed = module.equals("__torch__")
                || module.startsWith("__torch__.")
                || qualified.equals(REBUILD_TENSOR)
                || qualified.equals(RESTORE_TYPE_TAG)
                || REDUCERS.contains(qualified)
                || OPAQUE_REDUCERS.contains(qualified)
                || (checkpoint
                        && (CHECKPOINT_REDUCERS.contains(qualified)
                                || TENSOR_CLASSES.contains(qualified)
                                || qualified.equals(REBUILD_FROM_TYPE)))
                || (module.equals("torch") && TensorType.ofStorage(name) != null);
        if (!allowed) {
            throw new TorchScriptException(entry + " names " + ZipDirectory.printable(qualified)
                    + (checkpoint
                            ? ", which is no plain tensor, so it is refused. Convert such weights (quantized ones, for"
                                    + " example) to plain tensors and export the model again"
                            : ", which TorchScript archives do not use, so it is refused. Export the model with"
                                    + " torch.jit.trace or torch.jit.script and torch.jit.save"));
        }
        return new Global(qualified);
    }

    private void reduce() {
        Object arguments = pop();
        Object function = pop();
        if (!(function instanceof Global global)) {
            throw damaged("it calls something that is not a function");
        }
        String name = global.name();
        if (!(arguments instanceof List<?> list)) {
            // libtorch writes an enum member as a call of its class whose argument is not in a tuple.
            if (!name.startsWith("__torch__.")) {
                throw damaged("it calls " + name + " without arguments");
            }
            stack.add(OPAQUE);
            return;
        }
        if (name.equals(REBUILD_TENSOR)) {
            stack.add(tensor(list));
        } else if (checkpoint && name.equals(REBUILD_FROM_TYPE)) {
            stack.add(tensorWithAttributes(list));
        } else if (checkpoint && name.equals(ORDERED_DICT) && list.isEmpty()) {
            stack.add(new PickledDict());
        } else if ((name.equals(RESTORE_TYPE_TAG) || REDUCERS.contains(name) || CHECKPOINT_REDUCERS.contains(name))
                && !list.isEmpty()) {
            stack.add(list.get(0));
        } else if (OPAQUE_REDUCERS.contains(name) || name.startsWith("__torch__.")) {
            stack.add(OPAQUE);
        } else {
            throw damaged("it calls " + name + " with " + list.size() + " arguments");
        }
    }

    private StoredTensor tensor(List<?> arguments) {
        if (arguments.size() >= 4
                && arguments.get(0) instanceof Storage storage
                && arguments.get(1) instanceof Long offset
                && arguments.get(2) instanceof List<?> shape
                && arguments.get(3) instanceof List<?> stride) {
            return new StoredTensor(
                    storage.type(),
                    integers(shape),
                    integers(stride),
                    storageFolder + "/" + storage.key(),
                    storage.elements(),
                    offset);
        }
        throw damaged("it holds a tensor without a storage");
    }

    private StoredTensor tensorWithAttributes(List<?> arguments) {
        if (arguments.size() >= 3
                && arguments.get(0) instanceof Global function
                && function.name().equals(REBUILD_TENSOR)
                && arguments.get(1) instanceof Global type
                && TENSOR_CLASSES.contains(type.name())
                && arguments.get(2) instanceof List<?> own) {
            return tensor(own);
        }
        throw damaged("it holds a tensor of an unknown class");
    }

    private List<Long> integers(List<?> values) {
        if (values.size() > MAX_RANK) {
            throw damaged("it holds a tensor of rank " + values.size());
        }
        List<Long> integers = new ArrayList<>();
        for (Object value : values) {
            if (!(value instanceof Long integer)) {
                throw damaged("it holds a tensor whose shape is not made of integers");
            }
            integers.add(integer);
        }
        return integers;
    }

    private Storage persistent(@Nullable Object id) {
        if (id instanceof List<?> parts
                && parts.size() >= 5
                && "storage".equals(parts.get(0))
                && parts.get(1) instanceof Global storageClass
                && parts.get(2) instanceof String key
                && parts.get(4) instanceof Long elements
                && elements >= 0) {
            TensorType type = TensorType.ofStorage(storageClass.name().substring("torch.".length()));
            if (type != null && STORAGE_KEY.matcher(key).matches()) {
                // More than a long can say is more than any entry has.
                long bytes = elements > Long.MAX_VALUE / type.bytes() ? Long.MAX_VALUE : elements * type.bytes();
                storages.merge(storageFolder + "/" + key, bytes, Math::max);
                return new Storage(type, key, elements);
            }
        }
        throw damaged("it refers to something outside that is not a storage");
    }

    private void newObject() {
        Object arguments = pop();
        Object type = pop();
        if (!(type instanceof Global global)
                || !global.name().startsWith("__torch__.")
                || !(arguments instanceof List<?>)) {
            throw damaged("it makes an instance of something that is not a TorchScript class");
        }
        stack.add(new PickledObject(global.name()));
    }

    private void build() {
        Object state = pop();
        Object object = peek();
        if (checkpoint && object instanceof PickledDict) {
            return; // Attributes of an ordered dict: the versions of its modules.
        }
        if (!(object instanceof PickledObject module)) {
            throw damaged("it sets the state of something that is not an instance");
        }
        if (state instanceof PickledDict dict) {
            module.build(dict);
        }
    }

    private void setItems() {
        List<@Nullable Object> items = items();
        setItems(items);
    }

    private void setItems(List<@Nullable Object> items) {
        if (!(peek() instanceof PickledDict dict) || items.size() % 2 != 0) {
            throw damaged("it sets items of something that is not a dict");
        }
        dict.itemsBeginAt(itemsFrom);
        for (int i = 0; i < items.size(); i += 2) {
            Object key = items.get(i);
            if (key instanceof String || key instanceof Long || key instanceof Double || key instanceof Boolean) {
                dict.items().put(key, items.get(i + 1));
            }
        }
    }

    private void append(List<@Nullable Object> items) {
        if (!(peek() instanceof ArrayList<?>)) {
            throw damaged("it appends to something that is not a list");
        }
        @SuppressWarnings("unchecked") // Only ']' makes an ArrayList here, and that one holds anything.
        List<@Nullable Object> list = (List<@Nullable Object>) peek();
        list.addAll(items);
    }

    /** Byte position of the first item that {@link #items} returned last, or -1. */
    private int itemsFrom = -1;

    /** Pops everything above the last mark, and the mark. */
    private List<@Nullable Object> items() {
        int at = stack.size() - 1;
        while (at >= 0 && !(stack.get(at) instanceof Mark)) {
            at--;
        }
        if (at < 0 || !(stack.get(at) instanceof Mark mark)) {
            throw damaged("it closes a list that was never opened");
        }
        itemsFrom = mark.next();
        List<@Nullable Object> items = new ArrayList<>(stack.subList(at + 1, stack.size()));
        stack.subList(at, stack.size()).clear();
        return items;
    }

    private List<@Nullable Object> last(int count) {
        itemsFrom = -1;
        List<@Nullable Object> items = new ArrayList<>(stack.subList(stack.size() - count, stack.size()));
        stack.subList(stack.size() - count, stack.size()).clear();
        return items;
    }

    private static List<@Nullable Object> tuple(List<@Nullable Object> items) {
        return Collections.unmodifiableList(items);
    }

    private void memoize(int number) {
        if (number < 0 || number > MAX_OPERATIONS) {
            throw damaged("it uses memo number " + number);
        }
        memo.put(number, peek());
        highestMemo = Math.max(highestMemo, number);
    }

    private void recall(int number) {
        if (!memo.containsKey(number)) {
            throw damaged("it recalls memo number " + number + ", which was never set");
        }
        stack.add(memo.get(number));
    }

    private @Nullable Object pop() {
        Object top = peek();
        stack.remove(stack.size() - 1);
        return top;
    }

    private @Nullable Object peek() {
        if (stack.isEmpty()) {
            throw damaged("it takes from an empty stack");
        }
        return stack.get(stack.size() - 1);
    }

    private TorchScriptException damaged(String how) {
        return new TorchScriptException(
                entry + " is damaged at byte " + in.position() + ": " + how + ". Copy or export the file again");
    }
}
