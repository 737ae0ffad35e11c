package dev.gnserve.backend.djl;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class BatchMemoryTest {

    private final BatchMemory memory = new BatchMemory(2);

    @Test
    void whatAPassGivesBackTheNextOneTakes() {
        ByteBuffer first = memory.take(1000);
        assertThat(first.isDirect()).isTrue();
        assertThat(first.alignmentOffset(0, 64)).isZero();
        memory.giveBack(first);

        assertThat(memory.take(900)).isSameAs(first);
        assertThat(memory.take(900)).isNotSameAs(first);
    }

    @Test
    void theSmallestBufferThatFitsIsTaken() {
        ByteBuffer small = memory.take(100);
        ByteBuffer large = memory.take(10_000);
        memory.giveBack(large);
        memory.giveBack(small);

        assertThat(memory.take(50)).isSameAs(small);
        assertThat(memory.take(50)).isSameAs(large);
    }

    @Test
    void noMoreAreKeptThanAllowedAndTheLargestStay() {
        ByteBuffer small = memory.take(64);
        ByteBuffer middle = memory.take(640);
        ByteBuffer large = memory.take(6_400);
        memory.giveBack(small);
        memory.giveBack(middle);
        memory.giveBack(large);
        assertThat(memory.free()).isEqualTo(640 + 6_400);

        ByteBuffer larger = memory.take(64_000);

        assertThat(memory.free())
                .as("the new one takes the place of the smallest")
                .isEqualTo(6_400);
        memory.giveBack(larger);
        assertThat(memory.free()).isEqualTo(6_400 + 64_000);
    }
}
