package dev.gnserve.serving;

import dev.gnserve.engine.Engine;
import java.util.Map;
import org.springframework.boot.actuate.info.Info;
import org.springframework.boot.actuate.info.InfoContributor;
import org.springframework.stereotype.Component;

/** What {@code /actuator/info} says about the engine. */
@Component
final class RuntimeInfo implements InfoContributor {

    private final Engine engine;

    RuntimeInfo(Engine engine) {
        this.engine = engine;
    }

    @Override
    public void contribute(Info.Builder builder) {
        builder.withDetail(
                "engine",
                Map.of(
                        "description", engine.description(),
                        "device", engine.device(),
                        "threads", engine.settings().threads()));
    }
}
