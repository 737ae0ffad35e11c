package dev.gnserve.process;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class NameEncodingTest {

    @Test
    void onlyAnEncodingOfAllLettersHasNoFlaw() {
        assertThat(NameEncoding.flaw("UTF-8")).isNull();
        assertThat(NameEncoding.flaw("ANSI_X3.4-1968")).contains("LANG=C.UTF-8");
        assertThat(NameEncoding.flaw("ISO-8859-1")).isNotNull();
    }
}
