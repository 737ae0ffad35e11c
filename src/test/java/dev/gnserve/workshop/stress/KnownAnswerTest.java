package dev.gnserve.workshop.stress;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

class KnownAnswerTest {

    private static final String KNOWN = "{'images':[{'mask':'0k6_O','score':0.9565}],'model':'m'}";

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            nullValues = "same",
            value = {
                "{'images':[{'mask':'0k6_O','score':0.9565}],'model':'m'} | same",
                "{'model':'m','images':[{'score':0.9566,'mask':'0k6_O'}]} | same",
                "{'images':[{'mask':'0k6_P','score':0.9565}],'model':'m'} | .images[0].mask is",
                "{'images':[{'mask':'0k6_O','score':0.9568}],'model':'m'} | .images[0].score is 0.9568",
                "{'images':[],'model':'m'} | .images has 0 elements instead of 1",
                "{'images':[{'mask':'0k6_O','score':0.9565}]} | has [images] instead of [images, model]",
                "{'images':[{'mask':'0k6_O','score':'0.9565'}],'model':'m'} | .images[0].score is",
            })
    void onlyTheLastDigitOfNumbersMayDiffer(String given, String difference) {
        String found = json(200, KNOWN).difference(json(200, given));

        if (difference == null) {
            assertThat(found).isNull();
        } else {
            assertThat(found)
                    .startsWith(difference.startsWith(".") ? difference : "")
                    .contains(difference);
        }
    }

    @Test
    void otherStatusAndOtherBytesAreOtherAnswers() {
        assertThat(json(200, KNOWN).difference(json(500, KNOWN))).startsWith("status 500 instead of 200");
        KnownAnswer picture = new KnownAnswer(200, null, new byte[] {1, 2});
        assertThat(picture.difference(new KnownAnswer(200, null, new byte[] {1, 2})))
                .isNull();
        assertThat(picture.difference(new KnownAnswer(200, null, new byte[] {1, 3})))
                .isNotNull();
    }

    private static KnownAnswer json(int status, String text) {
        String body = text.replace('\'', '"');
        return new KnownAnswer(status, JsonMapper.shared().readTree(body), body.getBytes(StandardCharsets.UTF_8));
    }
}
