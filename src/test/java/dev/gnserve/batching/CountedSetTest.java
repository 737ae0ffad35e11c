package dev.gnserve.batching;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Comparator;
import java.util.NoSuchElementException;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A counted set works like a {@link TreeSet}, and stays balanced when elements arrive in order. */
class CountedSetTest {

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void aCountedSetCountsWhatATreeSetHolds(long seed) {
        Random random = new Random(seed);
        CountedSet<Integer> counted = new CountedSet<>(Comparator.<Integer>naturalOrder());
        TreeSet<Integer> tree = new TreeSet<>();
        assertThatThrownBy(counted::last).isInstanceOf(NoSuchElementException.class);
        assertThatThrownBy(() -> counted.remove(1)).isInstanceOf(NoSuchElementException.class);

        for (int i = 0; i < 20_000; i++) {
            int element = random.nextInt(500);
            if (tree.add(element)) {
                counted.add(element);
            } else {
                tree.remove(element);
                counted.remove(element);
            }
            int limit = random.nextInt(501);
            assertThat(counted.countOf(each -> each < limit))
                    .isEqualTo(tree.headSet(limit).size());
            assertThat(counted.size()).isEqualTo(tree.size());
            assertThat(counted.isEmpty()).isEqualTo(tree.isEmpty());
            if (!tree.isEmpty()) {
                assertThat(counted.last()).isEqualTo(tree.last());
            }
        }
    }

    @Test
    @Timeout(20)
    void elementsInAscendingOrderDoNotMakeAnUnbalancedTree() {
        int elements = 1_000_000;
        CountedSet<Integer> set = new CountedSet<>(Comparator.<Integer>naturalOrder());
        for (int i = 0; i < elements; i++) {
            set.add(i);
        }

        for (int i = 0; i < elements; i++) {
            int removed = i;
            assertThat(set.countOf(each -> each <= removed)).isEqualTo(1);
            set.remove(removed);
        }

        assertThat(set.isEmpty()).isTrue();
    }
}
