package dev.gnserve;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import dev.gnserve.model.ModelSource;
import java.lang.annotation.Annotation;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;
import org.springframework.core.annotation.MergedAnnotation;
import org.springframework.core.annotation.MergedAnnotations;
import org.springframework.stereotype.Component;
import org.springframework.web.bind.annotation.RestController;

/** The rooms of the product and the one direction in which they may look. The workshop may look everywhere. */
@AnalyzeClasses(packages = "dev.gnserve", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule roomsHaveNoCycles =
            slices().matching("dev.gnserve.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule normKnowsTheJdkOnly = classes()
            .that()
            .resideInAPackage("dev.gnserve.norm..")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage("dev.gnserve.norm..", "java..", "jdk.incubator.vector..", "org.jspecify..");

    @ArchTest
    static final ArchRule batchingIsPlainJava = classes()
            .that()
            .resideInAPackage("dev.gnserve.batching..")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage("java..", "org.jspecify..", "dev.gnserve.failure..", "dev.gnserve.batching..");

    @ArchTest
    static final ArchRule backendKnowsDjlAndArchivesOnly = classes()
            .that()
            .resideInAPackage("dev.gnserve.backend..")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(
                    "java..",
                    "org.jspecify..",
                    "ai.djl..",
                    "com.sun.jna..",
                    "dev.gnserve.failure..",
                    "dev.gnserve.process..",
                    "dev.gnserve.archive..",
                    "dev.gnserve.backend..");

    @ArchTest
    static final ArchRule modelIsPlainJavaOverTheBackend = classes()
            .that()
            .resideInAPackage("dev.gnserve.model..")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(
                    "java..",
                    "org.jspecify..",
                    "tools.jackson..",
                    "com.fasterxml.jackson.annotation..",
                    "com.networknt.schema..",
                    "org.apache.commons.text..",
                    "dev.gnserve.failure..",
                    "dev.gnserve.batching..",
                    "dev.gnserve.backend..",
                    "dev.gnserve.image..",
                    "dev.gnserve.volume..",
                    "dev.gnserve.archive..",
                    "dev.gnserve.program..",
                    "dev.gnserve.model..");

    /** It starts processes and knows no engine: which one the other process uses is chosen by the command line. */
    @ArchTest
    static final ArchRule trialIsPlainJavaOverTheModel = classes()
            .that()
            .resideInAPackage("dev.gnserve.trial..")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(
                    "java..",
                    "org.jspecify..",
                    "tools.jackson..",
                    "dev.gnserve.failure..",
                    "dev.gnserve.process..",
                    "dev.gnserve.archive..",
                    "dev.gnserve.backend",
                    "dev.gnserve.model..",
                    "dev.gnserve.trial..");

    @ArchTest
    static final ArchRule onlyTheRoomsOfTensorsKnowDjl = noClasses()
            .that()
            .resideOutsideOfPackages("dev.gnserve.backend.djl..", "dev.gnserve.numpy..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("ai.djl..");

    /** Clocks of a machine jump; times in the rooms of serving are measured with System.nanoTime. */
    @ArchTest
    static final ArchRule nothingThatServesDependsOnTheTimeOfDay = noClasses()
            .that()
            .resideInAnyPackage(
                    "dev.gnserve.batching..", "dev.gnserve.backend", "dev.gnserve.model..", "dev.gnserve.pipeline..")
            .should()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(Instant.class, "now");

    /** Where an engine is started; all others see the interface. */
    @ArchTest
    static final ArchRule fewRoomsChooseTheBackend = noClasses()
            .that()
            .resideOutsideOfPackages(
                    "dev.gnserve.backend.djl..",
                    "dev.gnserve.serving..",
                    "dev.gnserve.cli..",
                    "dev.gnserve.evaluation..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.gnserve.backend.djl..");

    /** A model is made from one reading of its archive. */
    @ArchTest
    static final ArchRule archivesAreReadAsSnapshots = noClasses()
            .that()
            .resideOutsideOfPackages("dev.gnserve.model..", "dev.gnserve.cli..")
            .should()
            .callMethod(ModelSource.class, "openArchive");

    @ArchTest
    static final ArchRule imageKnowsNoOtherRoom = classes()
            .that()
            .resideInAPackage("dev.gnserve.image..")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(
                    "dev.gnserve.image..", "dev.gnserve.failure..", "java..", "javax.imageio..", "org.jspecify..");

    /** OME-TIFF says what it is in XML, OME-Zarr in JSON; chunks of Zarr are compressed. */
    @ArchTest
    static final ArchRule volumeKnowsImagesOnly = classes()
            .that()
            .resideInAPackage("dev.gnserve.volume..")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(
                    "dev.gnserve.volume..",
                    "dev.gnserve.image..",
                    "dev.gnserve.failure..",
                    "java..",
                    "javax.xml.stream..",
                    "io.airlift.compress..",
                    "tools.jackson..",
                    "org.jspecify..");

    /** Packages become text and files; what these mean is known elsewhere. */
    @ArchTest
    static final ArchRule bundleKnowsFilesOnly = classes()
            .that()
            .resideInAPackage("dev.gnserve.bundle..")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(
                    "dev.gnserve.bundle..", "dev.gnserve.image..", "java..", "tools.jackson..", "org.jspecify..");

    @ArchTest
    static final ArchRule archiveIsPlainJava = classes()
            .that()
            .resideInAPackage("dev.gnserve.archive..")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage("java..", "org.jspecify..", "dev.gnserve.failure..", "dev.gnserve.archive..");

    /** It reads files and writes archives, and runs neither. */
    @ArchTest
    static final ArchRule programKnowsArchivesOnly = classes()
            .that()
            .resideInAPackage("dev.gnserve.program..")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(
                    "java..",
                    "org.jspecify..",
                    "com.fasterxml.jackson.annotation..",
                    "tools.jackson..",
                    "dev.gnserve.archive..",
                    "dev.gnserve.program..");

    @ArchTest
    static final ArchRule verificationItselfKnowsNoWeb = noClasses()
            .that()
            .resideInAPackage("dev.gnserve.verification..")
            .and()
            .haveSimpleNameNotStartingWith("VerificationController")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "dev.gnserve.serving..",
                    "dev.gnserve.pipeline..",
                    "dev.gnserve.problem..",
                    "org.springframework.web..");

    /** The application does not look for components and settings elsewhere. */
    @ArchTest
    static void componentsAndSettingsAreInTheRoomsThatTheApplicationNames(JavaClasses product) {
        assertThat(roomsOf(product, Component.class))
                .hasSizeGreaterThan(5)
                .isEqualTo(Set.of(named(SpringBootApplication.class).getStringArray("scanBasePackages")));
        assertThat(roomsOf(product, ConfigurationProperties.class))
                .isEqualTo(Set.of(named(ConfigurationPropertiesScan.class).getStringArray("basePackages")));
    }

    private static MergedAnnotation<?> named(Class<? extends Annotation> annotation) {
        return MergedAnnotations.from(GnserveApplication.class).get(annotation);
    }

    /** The packages of the classes that have an annotation, or one that has it. */
    private static Set<String> roomsOf(JavaClasses product, Class<? extends Annotation> annotation) {
        return product.stream()
                .filter(type -> type.isAnnotatedWith(annotation) || type.isMetaAnnotatedWith(annotation))
                .filter(type -> !type.isAnnotation() && !type.isEquivalentTo(GnserveApplication.class))
                .map(JavaClass::getPackageName)
                .collect(Collectors.toSet());
    }

    /** The API document knows a type by its simple name: two of one name would become one. */
    @ArchTest
    static void choicesOfParametersHaveNamesOfTheirOwn(JavaClasses product) {
        Map<String, String> known = new TreeMap<>();
        for (JavaClass controller : product) {
            if (!controller.isAnnotatedWith(RestController.class)) {
                continue;
            }
            for (JavaMethod method : controller.getMethods()) {
                for (JavaClass type : method.getRawParameterTypes()) {
                    if (type.isEnum()) {
                        String other = known.put(type.getSimpleName(), type.getName());
                        assertThat(other).as(type.getSimpleName()).isIn(null, type.getName());
                    }
                }
            }
        }
        assertThat(known).isNotEmpty();
    }
}
