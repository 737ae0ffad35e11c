package dev.gnserve.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.backend.FakeBackend;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.batching.Deadline;
import dev.gnserve.batching.Outcome;
import dev.gnserve.failure.FailureCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A model that loads serves its requests; a model that does not load says why and frees everything. */
class ModelLoadingTest extends ModelFixture {

    @Test
    void aModelServesWhatItsBackEndComputes() {
        load();

        assertThat(model.state()).isEqualTo(ModelState.READY);
        assertThat(model.reason()).isNull();
        assertThat(model.loadTime()).isPositive();
        assertThat(model.device()).isEqualTo("cpu");
        assertThat(model.workers()).isEqualTo(1);
        assertThat(answer(model)).containsExactly(2, 4);
        assertThat(states()).containsExactly(ModelState.READY);
    }

    @Test
    void theArchiveIsReadOnceForAllItsUsers() throws IOException {
        List<String> read = new ArrayList<>();
        load(of -> {
            read.add(of.archive().sha256());
            return new Companion("verification");
        });
        read.add(model.archive().sha256());
        answer(model);

        assertThat(source.archivesOpened()).isEqualTo(1);
        assertThat(source.snapshots()).hasSize(1);
        assertThat(read).containsOnly(source.snapshots().get(0).sha256());
    }

    /** What can go wrong while a model loads. */
    private enum Fault {
        ARCHIVE_NOT_READABLE("IOException: no such disk") {
            @Override
            List<ModelCompanion.Factory> plant(ModelLoadingTest test) {
                test.source.whenArchiveIsOpened(() -> {
                    throw new IOException("no such disk");
                });
                return List.of();
            }
        },
        MANIFEST_WITH_A_MISTAKE("line 5, tsak: unknown field") {
            @Override
            List<ModelCompanion.Factory> plant(ModelLoadingTest test) {
                test.source.manifest(FakeSource.MANIFEST + "tsak: x\n");
                return List.of();
            }
        },
        LOAD("operator aten::dream is unknown") {
            @Override
            List<ModelCompanion.Factory> plant(ModelLoadingTest test) {
                test.backend.onLoad(archive -> {
                    throw fault("operator aten::dream is unknown");
                });
                return List.of();
            }
        },
        SECOND_SESSION("no memory for another session") {
            @Override
            List<ModelCompanion.Factory> plant(ModelLoadingTest test) {
                test.source.manifest(TWO_WORKERS);
                test.backend.onSession(archive -> {
                    if (test.backend.sessions() == 1) {
                        throw fault("no memory for another session");
                    }
                });
                return List.of();
            }
        },
        WARM_UP("does not run with input, warmUp or batching of model.yaml: a size of 2") {
            @Override
            List<ModelCompanion.Factory> plant(ModelLoadingTest test) {
                test.backend.onPass((archive, inputs) -> {
                    throw fault("a size of 2 is not supported");
                });
                return List.of();
            }
        },
        ERROR_IN_WARM_UP("OutOfMemoryError: no heap") {
            @Override
            List<ModelCompanion.Factory> plant(ModelLoadingTest test) {
                test.backend.onPass((archive, inputs) -> {
                    throw new OutOfMemoryError("no heap");
                });
                return List.of();
            }
        },
        COMPANIONS_FACTORY("IllegalStateException: no room to verify") {
            @Override
            List<ModelCompanion.Factory> plant(ModelLoadingTest test) {
                return List.of(of -> test.new Companion("first"), of -> {
                    throw new IllegalStateException("no room to verify");
                });
            }
        },
        COMPANIONS_OBJECTION("epsilon is 1e-3, expected is 1e-5") {
            @Override
            List<ModelCompanion.Factory> plant(ModelLoadingTest test) {
                return List.of(
                        of -> test.new Companion("first"),
                        of -> test.checking("second", inference -> {
                            assertThat(inference.infer(INPUT, Deadline.none()).join())
                                    .isInstanceOf(Outcome.Success.class);
                            return "epsilon is 1e-3, expected is 1e-5";
                        }));
            }
        },
        OBJECTION_THAT_THROWS("IllegalStateException: cannot tell") {
            @Override
            List<ModelCompanion.Factory> plant(ModelLoadingTest test) {
                return List.of(of -> test.checking("first", inference -> {
                    throw new IllegalStateException("cannot tell");
                }));
            }
        };

        private static final String TWO_WORKERS = FakeSource.MANIFEST.replace("workers: 1", "workers: 2");

        private final String reason;

        Fault(String reason) {
            this.reason = reason;
        }

        abstract List<ModelCompanion.Factory> plant(ModelLoadingTest test);
    }

    private Companion checking(String name, Function<Inference, String> check) {
        return new Companion(name) {
            @Override
            public String objection(Inference inference) {
                return check.apply(inference);
            }
        };
    }

    @ParameterizedTest
    @EnumSource
    void aModelThatDoesNotLoadFreesEverythingAndSaysWhy(Fault fault) {
        List<ModelCompanion.Factory> factories = fault.plant(this);

        model.load(engine, factories, batch -> {}, 2, PlanChoice.KEPT);

        assertThat(model.state()).isEqualTo(ModelState.FAILED);
        assertThat(model.reason()).contains(fault.reason);
        assertThat(states()).containsExactly(ModelState.FAILED);
        assertThat(changes.get(0).reason()).isEqualTo(model.reason());
        assertThat(refusal(model).code()).isEqualTo(FailureCode.MODEL_UNAVAILABLE);
        assertThat(refusal(model).detail()).contains(fault.reason);
        assertThat(backend.openModels()).isZero();
        assertThat(backend.modelCloses()).isLessThanOrEqualTo(1);
        assertThat(source.snapshots()).allSatisfy(ModelFixture::assertClosed);
        for (String companion : List.of("first", "second")) {
            assertThat(events.stream().filter(event -> event.startsWith(companion)))
                    .as("what was made ends and is closed once")
                    .isIn(List.of(), List.of(companion + " ends", companion + " is closed"));
        }
    }

    @Test
    void filesThatChangeWhileTheArchiveIsReadAreRefused() {
        source.whenArchiveIsOpened(source::change);

        load();

        assertThat(model.state()).isEqualTo(ModelState.FAILED);
        assertThat(model.reason()).contains("model fake version 1 changed while they were read");
        assertThat(backend.loads()).isZero();
    }

    /** A manifest belongs to the archive that it was copied with. */
    @Test
    void aManifestThatChangesAfterTheArchiveWasReadIsRefused() {
        source.whenManifestIsRead(() -> {
            source.manifest(FakeSource.MANIFEST + "description: of a newer archive\n");
            source.change();
        });

        load();

        assertThat(model.state()).isEqualTo(ModelState.FAILED);
        assertThat(model.reason()).contains("changed while");
        assertThat(backend.loads()).isZero();
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void filesThatCannotBeComparedAfterReadingLeaveNoPrivateFileOpen() throws IOException {
        long before = openPrivateFiles();
        source.whenArchiveIsOpened(() -> source.whenFingerprintIsTaken(() -> {
            throw new IOException("the folder is gone");
        }));

        load();

        assertThat(model.state()).isEqualTo(ModelState.FAILED);
        assertThat(model.reason()).contains("changed while they were read");
        assertThat(openPrivateFiles()).isEqualTo(before);
    }

    @Test
    void aWrongNumberOfResultsFailsItsRequestAndNoOther() {
        load();
        for (int count : new int[] {0, 2}) {
            backend.onPass((archive, inputs) ->
                    Collections.nCopies(count, FakeBackend.doubled(inputs).get(0)));
            assertThat(refusal(model).code()).isEqualTo(FailureCode.ENGINE_FAULT);
            assertThat(refusal(model).detail()).contains("gave " + count + " results for 1 inputs");
        }

        backend.onPass((archive, inputs) -> FakeBackend.doubled(inputs));
        assertThat(answer(model)).containsExactly(2, 4);
    }

    @Test
    void aPassThatFailsFailsItsRequestAndNoOther() {
        load();
        backend.onPass((archive, inputs) -> {
            throw fault("values above 100 are not supported");
        });
        assertThat(refusal(model).detail()).contains("values above 100");

        backend.onPass((archive, inputs) -> FakeBackend.doubled(inputs));
        assertThat(answer(model)).containsExactly(2, 4);
        assertThat(model.state()).isEqualTo(ModelState.READY);
    }

    @Test
    void keysOfAResultMayBeOptional() {
        load();
        backend.onPass((archive, inputs) -> inputs.stream()
                .map(input -> new Prediction(
                        input.floats()[0] < 0 ? Map.of("scores", input) : Map.of("scores", input, "boxes", input)))
                .toList());

        assertThat(prediction(Tensor.of(new float[] {1, 1}, 2)).outputs()).containsOnlyKeys("scores", "boxes");
        assertThat(prediction(Tensor.of(new float[] {-1, 1}, 2)).outputs()).containsOnlyKeys("scores");
    }

    @Test
    void aListenerThatFailsDoesNotStopAModel() {
        LoadedModel announcing = new LoadedModel(source, change -> {
            throw new IllegalStateException("a listener that fails");
        });

        announcing.load(engine, List.of(), batch -> {}, 2, PlanChoice.KEPT);

        assertThat(announcing.state()).isEqualTo(ModelState.READY);
        assertThat(answer(announcing)).containsExactly(2, 4);
        assertThat(announcing.close(LONG)).isTrue();
        assertThat(backend.openModels()).isZero();
    }

    private Prediction prediction(Tensor input) {
        return model.infer(input, Deadline.none()).join().orElseThrow();
    }

    /** They have no name, but the system knows the one that they had. */
    private static long openPrivateFiles() throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return open.filter(ModelLoadingTest::isPrivateFile).count();
        }
    }

    private static boolean isPrivateFile(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString().contains("/gnserve-");
        } catch (IOException e) {
            return false; // Closed meanwhile.
        }
    }
}
