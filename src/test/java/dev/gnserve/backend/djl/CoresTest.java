package dev.gnserve.backend.djl;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CoresTest {

    @Test
    void aLonePassGetsAllCoresAndManyGetOneEach() {
        Cores cores = new Cores(4);

        assertThat(cores.enter()).isEqualTo(4);
        assertThat(cores.enter()).isEqualTo(2);
        assertThat(cores.enter()).isEqualTo(1);
        assertThat(cores.enter()).isEqualTo(1);
        assertThat(cores.enter()).isEqualTo(1);
        for (int i = 0; i < 5; i++) {
            cores.leave();
        }
        assertThat(cores.enter()).isEqualTo(4);
    }
}
