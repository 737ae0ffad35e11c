package dev.gnserve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.failure.MisconfiguredException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class GnserveCommandTest {

    @Test
    void servesWithoutArgumentsAndWithSpringOptionsAlone() {
        assertThat(GnserveCommand.servesByDefault(new String[] {})).isTrue();
        assertThat(GnserveCommand.servesByDefault(new String[] {"--server.port=0", "--debug=true"}))
                .isTrue();
        assertThat(GnserveCommand.servesByDefault(new String[] {"--help"})).isFalse();
        assertThat(GnserveCommand.servesByDefault(new String[] {"inspect", "--json"}))
                .isFalse();
    }

    @Test
    void misuseExitsWithTwoAndNamesTheUnknownCommand() {
        StringWriter err = new StringWriter();
        CommandLine commandLine = GnserveCommand.commandLine().setErr(new PrintWriter(err));

        assertThat(commandLine.execute("no-such-command")).isEqualTo(2);
        assertThat(err.toString()).contains("no-such-command");
    }

    /** Spring reports its own failures in the log. */
    @Test
    void aFailedStartIsReportedOnceAndWithoutAStackTrace() throws Exception {
        StringWriter err = new StringWriter();
        CommandLine commandLine = GnserveCommand.commandLine().setErr(new PrintWriter(err, true));
        Exception failure = new IllegalStateException(new MisconfiguredException("no such folder"));

        for (String command : List.of("evaluate", "serve", "batch")) {
            assertThat(commandLine
                            .getExecutionExceptionHandler()
                            .handleExecutionException(
                                    failure, commandLine.getSubcommands().get(command), commandLine.parseArgs()))
                    .isOne();
        }
        assertThat(err.toString().lines()).containsExactly("no such folder");
    }

    @ParameterizedTest
    @ValueSource(strings = {"model.pt", "-Dserver.port=9090", "-port=9090"})
    void serveRefusesWhatSpringWouldPassOver(String argument) {
        StringWriter err = new StringWriter();
        CommandLine commandLine = GnserveCommand.commandLine().setErr(new PrintWriter(err));

        assertThat(commandLine.execute("serve", argument)).isEqualTo(2);
        assertThat(err.toString()).contains("Unknown argument: " + argument);
    }

    @Test
    void serveTakesSpringsOptions() {
        CommandLine.ParseResult parsed =
                GnserveCommand.commandLine().parseArgs("serve", "--server.port=0", "--gnserve.threads=1");

        assertThat(parsed.subcommand().commandSpec().name()).isEqualTo("serve");
    }
}
