package dev.gnserve.verification;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.archive.Samples;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.backend.Device;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.model.ExpectedGroupNorm;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The life of the instrumented copy, on the real engine. */
class ModelVerifierTest {

    private static final TorchScriptArchive ARCHIVE = Samples.archive("chain-traced");

    private static PyTorchBackend engine;

    private final AtomicInteger copies = new AtomicInteger();

    @BeforeAll
    static void start() {
        engine = PyTorchBackend.start(new EngineSettings(Device.CPU, 1));
    }

    @AfterAll
    static void stop() {
        engine.close();
    }

    @Test
    void theCopyStaysAsLongAsItIsUsed() {
        try (ModelVerifier verifier = verifier(Duration.ofMinutes(1))) {
            assertThat(verifier.holdsCopy()).isFalse();
            verifier.verifyNow(image(), 0);
            verifier.sample(image());
            verifier.verifyNow(image(), 2);

            assertThat(copies).hasValue(1);
            assertThat(verifier.holdsCopy()).isTrue();
        }
    }

    /** Not idle for a moment: the release waits in the same queue as the next verification, and comes first. */
    @Test
    void theCopyIsFreedWhenItIsIdleAndMadeAgainWhenItIsNeeded() {
        try (ModelVerifier verifier = verifier(Duration.ZERO)) {
            VerificationReport first = verifier.verifyNow(image(), 0);
            VerificationReport second = verifier.verifyNow(image(), 0);

            assertThat(copies).hasValue(2);
            assertThat(second).isEqualTo(first);
        }
    }

    @Test
    void afterTheEndNothingIsLoadedAgain() {
        ModelVerifier verifier = verifier(Duration.ofMinutes(1));
        verifier.verifyNow(image(), 0);
        verifier.close();

        assertThat(verifier.holdsCopy()).isFalse();
        assertThatThrownBy(() -> verifier.verify(image(), 0))
                .isInstanceOfSatisfying(
                        FailureException.class,
                        e -> assertThat(e.failure().code()).isEqualTo(FailureCode.SHUTTING_DOWN));
        assertThatThrownBy(() -> verifier.sample(image())).isInstanceOf(FailureException.class);
        assertThat(copies).hasValue(1);
    }

    /** {@code gnserve bench verification --repeat 1000} shows the same of resident memory. */
    @Test
    void nativeArraysReturnAfterEveryVerification() {
        try (ModelVerifier verifier = verifier(Duration.ofMinutes(1))) {
            verifier.verifyNow(image(), 4);
            int resident = engine.openArrays();
            for (int i = 0; i < 100; i++) {
                verifier.verifyNow(image(), 4);
                assertThat(engine.openArrays()).isEqualTo(resident);
                verifier.sample(image());
                assertThat(engine.openArrays()).isEqualTo(resident);
            }
        }
        assertThat(engine.openArrays()).isZero();
    }

    private ModelVerifier verifier(Duration idle) {
        return new ModelVerifier(
                engine,
                () -> {
                    copies.incrementAndGet();
                    return ARCHIVE;
                },
                "chain",
                Device.CPU,
                ExpectedGroupNorm.ANY,
                Decisions.HIGHEST,
                idle);
    }

    private static FloatTensor image() {
        FloatTensor batch = Npz.read(Samples.bytes("chain-traced.npz")).get("input");
        float[] values = Arrays.copyOf(
                batch.values(), batch.values().length / batch.shape().size(0));
        return new FloatTensor(batch.shape().withoutFirst(), values);
    }
}
