package dev.gnserve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
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
    void misuseExitsWithTwoAndSaysWhatIsKnown() {
        StringWriter err = new StringWriter();
        CommandLine commandLine = GnserveCommand.commandLine().setErr(new PrintWriter(err));

        assertThat(commandLine.execute("no-such-command")).isEqualTo(2);
        assertThat(err.toString()).contains("no-such-command");
    }

    @Test
    void serveTakesSpringsOptions() {
        CommandLine.ParseResult parsed =
                GnserveCommand.commandLine().parseArgs("serve", "--server.port=0", "--gnserve.threads=1");

        assertThat(parsed.subcommand().commandSpec().name()).isEqualTo("serve");
    }
}
