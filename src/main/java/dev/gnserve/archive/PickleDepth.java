package dev.gnserve.archive;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Refuses a pickle whose values are nested deeply, before anything is made of it. libtorch reads, compares and frees nested values by
 * recursion: a pickle of a few kilobytes can be nested so deeply that the process ends with a stack overflow.
 *
 * <p>This runs the opcodes on a stack of depths instead of values. It takes a few bytes of memory for each opcode.
 */
final class PickleDepth {

    /**
     * Values within values, at most. Real archives need about ten: a module within a module is one level, and no known network nests
     * its modules more than thirty deep. libtorch 2.7 survives some thousands.
     */
    static final int MOST_LEVELS = 500;

    private static final int MAX_OPERATIONS = 4_000_000;

    /** Lists, tuples, dicts and instances in one pickle, at most. */
    private static final int MAX_CONTAINERS = 1_000_000;

    private static final int MARK = -1;
    private static final int LEAF = 0;

    private final String entry;
    private final ByteBuffer in;

    /** Containers by number: 0 is any value that contains nothing. */
    private int[] depths = new int[256];

    private boolean[] contained = new boolean[256];
    private int containers;

    private int[] stack = new int[256];
    private int size;
    private int marks;
    private int[] memo = new int[256];

    private PickleDepth(String entry, byte[] pickle) {
        this.entry = entry;
        this.in = ByteBuffer.wrap(pickle).order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * Passes if a pickle is nested at most {@link #MOST_LEVELS} deep.
     *
     * @param entry name of the entry, for messages
     * @throws TorchScriptException if it is nested more deeply, or is damaged
     */
    static void require(String entry, byte[] pickle) {
        PickleDepth depth = new PickleDepth(entry, pickle);
        try {
            depth.run();
        } catch (BufferUnderflowException | IndexOutOfBoundsException e) {
            throw depth.damaged("it ends too early");
        }
    }

    private void run() {
        for (int operation = 0; operation < MAX_OPERATIONS; operation++) {
            int opcode = in.get() & 0xff;
            switch (opcode) {
                case '.' -> {
                    return;
                }
                case 0x80 -> skip(1);
                case '(' -> mark();
                case ')', ']', '}' -> push(container(0));
                case 't' -> push(container(items()));
                case 0x85 -> push(container(last(1)));
                case 0x86 -> push(container(last(2)));
                case 0x87, 'R' -> push(container(last(opcode == 'R' ? 2 : 3)));
                case 0x81 -> push(container(last(2)));
                case 'a', 'b' -> grow(last(1));
                case 'e', 'u' -> grow(items());
                case 's' -> grow(last(2));
                case 'Q' -> push(container(last(1)));
                case 'N', 0x88, 0x89 -> push(LEAF);
                case 'K' -> leaf(1);
                case 'M' -> leaf(2);
                case 'J' -> leaf(4);
                case 'G' -> leaf(8);
                case 0x8a, 'U' -> leaf(in.get() & 0xff);
                case 'X', 'T' -> leaf(in.getInt());
                case 'c' -> {
                    line();
                    line();
                    push(LEAF);
                }
                case 'q' -> memoize(in.get() & 0xff);
                case 'r' -> memoize(in.getInt());
                case 'h' -> push(memo[in.get() & 0xff]);
                case 'j' -> push(memo[in.getInt()]);
                default -> throw damaged(String.format("it has opcode 0x%02x, which libtorch never writes", opcode));
            }
        }
        throw damaged("it has more than " + MAX_OPERATIONS + " operations");
    }

    private void mark() {
        if (++marks > MOST_LEVELS) {
            throw tooDeep();
        }
        push(MARK);
    }

    private void push(int value) {
        if (size == stack.length) {
            stack = Arrays.copyOf(stack, 2 * size);
        }
        stack[size++] = value;
    }

    private int pop() {
        int value = stack[--size];
        if (value == MARK) {
            throw damaged("it takes a mark for a value");
        }
        return value;
    }

    /** Takes the values above the last mark, and the mark; gives the depth of the deepest. */
    private int items() {
        int deepest = 0;
        while (stack[--size] != MARK) {
            deepest = Math.max(deepest, taken(stack[size]));
        }
        marks--;
        return deepest;
    }

    private int last(int count) {
        int deepest = 0;
        for (int i = 0; i < count; i++) {
            deepest = Math.max(deepest, taken(pop()));
        }
        return deepest;
    }

    private int taken(int value) {
        if (value == LEAF) {
            return 0;
        }
        contained[value] = true;
        return depths[value];
    }

    /** A new value that contains others, of which the deepest has this depth. */
    private int container(int deepest) {
        if (++containers > MAX_CONTAINERS) {
            throw damaged("it has more than " + MAX_CONTAINERS + " lists, tuples, dicts and objects");
        }
        if (containers == depths.length) {
            depths = Arrays.copyOf(depths, 2 * containers);
            contained = Arrays.copyOf(contained, 2 * containers);
        }
        depths[containers] = checked(deepest + 1);
        return containers;
    }

    /** The value on top of the stack takes more values. */
    private void grow(int deepest) {
        int value = stack[size - 1];
        if (value <= LEAF) {
            throw damaged("it adds to something that is not a list, dict or object");
        }
        if (contained[value] && deepest >= depths[value]) {
            // The depths of the values around it would change, too. libtorch completes a value before it puts it into
            // another one.
            throw damaged("it adds to a value that another value contains");
        }
        depths[value] = checked(Math.max(depths[value], deepest + 1));
    }

    private int checked(int depth) {
        if (depth > MOST_LEVELS) {
            throw tooDeep();
        }
        return depth;
    }

    private void memoize(int number) {
        if (number < 0 || number > MAX_OPERATIONS) {
            throw damaged("it uses memo number " + number);
        }
        if (number >= memo.length) {
            memo = Arrays.copyOf(memo, Math.max(number + 1, 2 * memo.length));
        }
        memo[number] = Math.max(LEAF, stack[size - 1]);
    }

    private void leaf(int bytes) {
        skip(bytes);
        push(LEAF);
    }

    private void skip(int bytes) {
        if (bytes < 0 || bytes > in.remaining()) {
            throw damaged("it ends too early");
        }
        in.position(in.position() + bytes);
    }

    private void line() {
        while (in.get() != '\n') {
            // On to its end.
        }
    }

    private TorchScriptException tooDeep() {
        return new TorchScriptException(entry + " nests values more than " + MOST_LEVELS
                + " deep, which no model needs and which crashes the engine. Export the model again");
    }

    private TorchScriptException damaged(String how) {
        return new TorchScriptException(
                entry + " is damaged at byte " + in.position() + ": " + how + ". Copy or export the file again");
    }
}
