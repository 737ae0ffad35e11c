package dev.gnserve.access;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class AccessConfigurationTest {

    private static final List<String> KEYS = List.of("a-key-of-sixteen-or-more");

    @Test
    void aServiceWhoseModelsEverybodyCouldUnloadDoesNotStart() {
        AccessSettings usersOnly = new AccessSettings(KEYS, null, List.of(), null);
        AccessSettings admins = new AccessSettings(List.of(), null, KEYS, null);

        assertThatThrownBy(() -> new AccessConfiguration(usersOnly, true, event -> {}))
                .hasMessageContaining("gnserve.access.admin-keys");
        assertThatCode(() -> new AccessConfiguration(usersOnly, false, event -> {}))
                .doesNotThrowAnyException();
        assertThatCode(() -> new AccessConfiguration(admins, true, event -> {})).doesNotThrowAnyException();
    }
}
