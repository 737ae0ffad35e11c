package dev.gnserve.serving;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.failure.MisconfiguredException;
import java.io.EOFException;
import java.nio.file.NoSuchFileException;
import org.junit.jupiter.api.Test;
import org.springframework.boot.web.server.WebServerException;
import org.springframework.context.ApplicationContextException;

class StartFailureAnalyzerTest {

    private final StartFailureAnalyzer analyzer = new StartFailureAnalyzer();

    @Test
    void aWebServerThatDoesNotStartHasItsReasonInASentence() {
        assertThat(analyzer.analyze(new ApplicationContextException(
                                "Unable to start web server",
                                new WebServerException(
                                        "Unable to create tempDir. java.io.tmpdir is set to /nowhere",
                                        new NoSuchFileException("/nowhere/tomcat.1"))))
                        .getDescription())
                .isEqualTo("Unable to create tempDir. java.io.tmpdir is set to /nowhere:"
                        + " java.nio.file.NoSuchFileException: /nowhere/tomcat.1");
        assertThat(analyzer.analyze(new ApplicationContextException(
                                "Unable to start web server",
                                new IllegalStateException(
                                        "Unable to create key store: Could not load store from 'x'",
                                        new IllegalStateException(
                                                "Could not load store from 'x'", new EOFException()))))
                        .getDescription())
                .isEqualTo("Unable to create key store: Could not load store from 'x': java.io.EOFException");
    }

    @Test
    void aMisconfigurationHasItsOwnSentenceAndADefectItsStackTrace() {
        assertThat(analyzer.analyze(new IllegalStateException(new MisconfiguredException("name another folder")))
                        .getDescription())
                .isEqualTo("name another folder");
        assertThat(analyzer.analyze(new IllegalStateException("a defect"))).isNull();
    }
}
