package dev.gnserve.batching;

import java.util.Comparator;
import java.util.NoSuchElementException;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A sorted set that counts the elements below a limit in O(log n); {@link java.util.TreeSet} cannot. Not thread-safe.
 *
 * <p>A treap: a search tree that random weights keep balanced (Seidel and Aragon, Randomized Search Trees, 1996). Each node
 * knows the size of its subtree. Every operation costs O(log n) on average, in any order of insertion. The weights are
 * hashes of a counter, so that the same operations always give the same tree.
 */
final class CountedSet<E> {

    private final Comparator<? super E> order;
    private @Nullable Node<E> root;
    private long added;

    /** @param order must not treat two elements as equal */
    CountedSet(Comparator<? super E> order) {
        this.order = order;
    }

    private static final class Node<E> {

        private final E element;
        private final long weight;
        private int size = 1;
        private @Nullable Node<E> left;
        private @Nullable Node<E> right;

        private Node(E element, long weight) {
            this.element = element;
            this.weight = weight;
        }

        private void count() {
            size = sizeOf(left) + 1 + sizeOf(right);
        }
    }

    int size() {
        return sizeOf(root);
    }

    boolean isEmpty() {
        return root == null;
    }

    /** Adds an element that is not in the set. */
    void add(E element) {
        root = insert(root, new Node<>(element, mixed(added++)));
    }

    /**
     * Removes an element.
     *
     * @throws NoSuchElementException if it is not in the set
     */
    void remove(E element) {
        root = delete(root, element);
    }

    /**
     * The greatest element.
     *
     * @throws NoSuchElementException if the set is empty
     */
    E last() {
        Node<E> node = root;
        if (node == null) {
            throw new NoSuchElementException();
        }
        while (node.right != null) {
            node = node.right;
        }
        return node.element;
    }

    /** The number of early elements. In the set's order, all early elements must come before the others. */
    int countOf(Predicate<? super E> early) {
        int count = 0;
        Node<E> node = root;
        while (node != null) {
            if (early.test(node.element)) {
                count += sizeOf(node.left) + 1;
                node = node.right;
            } else {
                node = node.left;
            }
        }
        return count;
    }

    void clear() {
        root = null;
    }

    private Node<E> insert(@Nullable Node<E> tree, Node<E> node) {
        if (tree == null) {
            return node;
        }
        if (order.compare(node.element, tree.element) < 0) {
            Node<E> left = insert(tree.left, node);
            tree.left = left;
            if (left.weight > tree.weight) {
                return leftUp(tree, left);
            }
        } else {
            Node<E> right = insert(tree.right, node);
            tree.right = right;
            if (right.weight > tree.weight) {
                return rightUp(tree, right);
            }
        }
        tree.count();
        return tree;
    }

    private @Nullable Node<E> delete(@Nullable Node<E> tree, E element) {
        if (tree == null) {
            throw new NoSuchElementException();
        }
        int side = order.compare(element, tree.element);
        if (side == 0) {
            return joined(tree.left, tree.right);
        }
        if (side < 0) {
            tree.left = delete(tree.left, element);
        } else {
            tree.right = delete(tree.right, element);
        }
        tree.count();
        return tree;
    }

    private static <E> Node<E> leftUp(Node<E> tree, Node<E> left) {
        tree.left = left.right;
        tree.count();
        left.right = tree;
        left.count();
        return left;
    }

    private static <E> Node<E> rightUp(Node<E> tree, Node<E> right) {
        tree.right = right.left;
        tree.count();
        right.left = tree;
        right.count();
        return right;
    }

    /** Joins two trees. Every element of the first comes before every element of the second. */
    private static <E> @Nullable Node<E> joined(@Nullable Node<E> first, @Nullable Node<E> second) {
        if (first == null) {
            return second;
        }
        if (second == null) {
            return first;
        }
        if (first.weight > second.weight) {
            first.right = joined(first.right, second);
            first.count();
            return first;
        }
        second.left = joined(first, second.left);
        second.count();
        return second;
    }

    private static int sizeOf(@Nullable Node<?> node) {
        return node == null ? 0 : node.size;
    }

    /** SplitMix64 (Steele, Lea and Flood, Fast Splittable Pseudorandom Number Generators, 2014). */
    private static long mixed(long number) {
        long z = (number + 1) * 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
