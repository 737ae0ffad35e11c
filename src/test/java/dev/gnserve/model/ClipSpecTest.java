package dev.gnserve.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.ModelsFolder;
import dev.gnserve.model.ClipSpec.Sampling;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Frames are those of torchvision 0.29.2: UniformTemporalSubsample, VideoClips and UniformClipSampler (clips/make.py). */
class ClipSpecTest {

    @Test
    void framesAreThoseOfTorchvision() {
        JsonNode cases = JsonMapper.shared().readTree(ModelsFolder.bytes("/clips/sampling.json"));
        assertThat(cases.size()).isGreaterThan(50);
        for (JsonNode one : cases) {
            ClipSpec spec = new ClipSpec(
                    one.path("frames").asInt(),
                    one.path("stride").asInt(),
                    Sampling.valueOf(one.path("sampling").asString().toUpperCase(Locale.ROOT)),
                    one.path("clips").asInt());
            List<List<Integer>> expected = one.path("expected")
                    .valueStream()
                    .map(clip -> clip.valueStream().map(JsonNode::asInt).toList())
                    .toList();
            assertThat(spec.of(one.path("count").asInt())).as("%s", one).isEqualTo(expected);
        }
    }

    @Test
    void strideAndClipsGoWithConsecutiveFrames() {
        assertThat(new ClipSpec(4, 3, Sampling.CONSECUTIVE, 1).least()).isEqualTo(10);
        assertThatThrownBy(() -> new ClipSpec(4, 2, Sampling.UNIFORM, 1)).hasMessageContaining("stride is 2");
    }
}
