package dev.gnserve.trial;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ReplyTest {

    private static final String TOKEN = Request.newToken();

    @Test
    void aReplyIsReadAsItWasWritten() {
        Reply reply = new Reply(Reply.Kind.REFUSED, "line 5, tsak: unknown field");

        String line = reply.line(TOKEN);

        assertThat(line).startsWith("\n").endsWith("\n");
        assertThat(Reply.parse(TOKEN, line.strip())).isEqualTo(reply);
    }

    @Test
    void whatAnArchivePrintsIsNoReply() {
        for (String printed : new String[] {"", "PASSED", "0123 PASSED", TOKEN, TOKEN + "PASSED", TOKEN + " PASSED!"}) {
            assertThat(Reply.parse(TOKEN, printed)).as(printed).isNull();
        }
        assertThat(Request.newToken()).isNotEqualTo(TOKEN);
    }

    @Test
    void aTextTakesOneLineAndOnePieceOfThePipe() {
        String line = new Reply(Reply.Kind.REFUSED, "a\nb\u001b[31mc\u0000" + "\u00e4".repeat(5_000)).line(TOKEN);

        assertThat(line.strip().lines()).hasSize(1);
        assertThat(line).contains("a b [31mc ").doesNotContain("\u001b");
        assertThat(line.getBytes(StandardCharsets.UTF_8).length).isLessThanOrEqualTo(4096);
    }
}
