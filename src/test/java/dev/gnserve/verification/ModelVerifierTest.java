package dev.gnserve.verification;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.Samples;
import dev.gnserve.archive.TappedArchive;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.backend.BackendDescription;
import dev.gnserve.backend.BackendModel;
import dev.gnserve.backend.BackendPlan;
import dev.gnserve.backend.Device;
import dev.gnserve.backend.Engine;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.InferenceBackend;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.model.ExpectedGroupNorm;
import dev.gnserve.numpy.Npz;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The life of the instrumented copy, on the real engine. */
class ModelVerifierTest {

    private static PyTorchBackend backend;
    private static ArchiveSnapshot archive;

    private final AtomicInteger copies = new AtomicInteger();

    @BeforeAll
    static void start() throws IOException {
        backend = PyTorchBackend.start(new EngineSettings(Device.CPU, 1));
        archive = ArchiveSnapshot.of(Samples.archive("chain-traced"), "chain");
    }

    @AfterAll
    static void stop() {
        archive.close();
        backend.close();
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

    /** A client may ask for batches that no memory holds. */
    @Test
    void aBatchHasNoMoreImagesThanFitIntoMemory() throws IOException {
        assertThat(invarianceInBatchesOf(64, 3).batch()).isEqualTo(3);
        assertThat(invarianceInBatchesOf(64, 3).verdict()).isEqualTo(Verdict.PASS);
        assertThat(invarianceInBatchesOf(2, 64).batch()).isEqualTo(2);
        assertThat(invarianceInBatchesOf(64, 1).verdict()).isEqualTo(Verdict.NOT_APPLICABLE);
        assertThat(invarianceInBatchesOf(64, 1).reason())
                .isEqualTo("a batch of 2 such images needs more memory than there is");
    }

    private BatchInvariance invarianceInBatchesOf(int batch, int mostAtOnce) throws IOException {
        TorchScriptArchive whole = archive.torchScript();
        TappedArchive tapped = TappedArchive.of(whole);
        try (ArchiveSnapshot instrumented = ArchiveSnapshot.of(tapped.archive(), "chain");
                TappedCopy copy = new TappedCopy(
                        tapped,
                        whole,
                        ExpectedGroupNorm.ANY,
                        Decisions.HIGHEST,
                        backend.load(instrumented, BackendPlan.CPU),
                        image -> mostAtOnce)) {
            return copy.verify(image(), batch).batchInvariance();
        }
    }

    /** {@code gnserve bench verification --repeat 1000} shows the same of resident memory. */
    @Test
    void nativeArraysReturnAfterEveryVerification() {
        try (ModelVerifier verifier = verifier(Duration.ofMinutes(1))) {
            verifier.verifyNow(image(), 4);
            int resident = backend.openArrays();
            for (int i = 0; i < 100; i++) {
                verifier.verifyNow(image(), 4);
                assertThat(backend.openArrays()).isEqualTo(resident);
                verifier.sample(image());
                assertThat(backend.openArrays()).isEqualTo(resident);
            }
        }
        assertThat(backend.openArrays()).isZero();
    }

    private ModelVerifier verifier(Duration idle) {
        Engine engine = new Engine(new CountingBackend());
        return new ModelVerifier(
                engine.scope("chain"),
                archive,
                "chain",
                BackendPlan.CPU,
                ExpectedGroupNorm.ANY,
                Decisions.HIGHEST,
                idle);
    }

    /** The real one, which counts the copies that it loads. */
    private final class CountingBackend implements InferenceBackend {

        @Override
        public BackendModel load(ArchiveSnapshot copy, BackendPlan plan) {
            copies.incrementAndGet();
            return backend.load(copy, plan);
        }

        @Override
        public BackendDescription describe() {
            return backend.describe();
        }

        @Override
        public int openArrays() {
            return backend.openArrays();
        }

        @Override
        public void close() {}
    }

    private static FloatTensor image() {
        FloatTensor batch = Npz.read(Samples.bytes("chain-traced.npz")).tensor("input");
        float[] values = Arrays.copyOf(
                batch.values(), batch.values().length / batch.shape().size(0));
        return new FloatTensor(batch.shape().withoutFirst(), values);
    }
}
